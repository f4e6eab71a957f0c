"""A node that dies when its first batch comes."""

from jackfield import Batch, node


def die(value: int) -> int:
    raise RuntimeError("this node dies")


@node("dying")
def dying(batch: Batch) -> Batch:
    """Dies"""
    return batch.with_column("b", batch["a"].map(die, "int64"))
