"""Speed and memory beside hand-written NumPy, PyTorch and whatever else is installed: ``python -m benchmarks``."""
