"""A worker: claims a delivery, ingests it, and writes its receipt.

Nothing here decides what a valid recording is.
"""

from antelop.worker.worker import Worker

__all__ = ["Worker"]
