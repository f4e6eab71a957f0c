"""{{title}}: keeps the rows whose column is above a number of minutes, and adds the column in hours."""

from jackfield import Batch, node


@node("{{name}}")
def {{snake}}(batch: Batch, column: str, above: float = 60, into: str = "hours") -> Batch:
    """Keeps the rows whose column is above a number, and adds the column in hours.

    Args:
        column: A column of minutes
        above: Rows at or below it are dropped
        into: The name of the column that is added
    """
    minutes = batch[column]
    return batch.filter(minutes > above).with_column(into, minutes / 60)
