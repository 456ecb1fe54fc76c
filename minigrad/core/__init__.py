"""The core: graph, Tensors, primitives, and what lets NumPy find them."""
