"""Workers: processes or threads that fetch batches ahead."""

from .info import WorkerInfo, get_worker_info

__all__ = ["WorkerInfo", "get_worker_info"]
