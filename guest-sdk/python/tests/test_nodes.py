"""Nodes, both ways, in the stand-in for the host."""

import logging
import unittest
from datetime import date, datetime
from typing import Annotated, Literal

import jackfield as jf
from jackfield.declared import as_toml, declared
from jackfield.registry import NODES
from jackfield.testing import logs, run


@jf.node("late")
def late(batch: jf.Batch, minutes: int = 60) -> jf.Batch:
    """Keeps late flights.

    Args:
        minutes: more than so many are late
    """
    return batch.filter(batch["dep_delay"] > minutes).with_column("hours", batch["dep_delay"] / 60)


@jf.node("shapes")
def shapes(batch: jf.Batch, unit: Literal["km", "miles"] = "km", names: list[str] | None = None) -> jf.Batch:
    label = jf.when(batch["n"] % 2 == 0, "even", "odd")
    return (
        batch.with_columns({"label": label, "half": batch["n"] // 2, "joined": batch["t"].upper() + "-" + batch["t"]})
        .drop("t")
        .rename({"n": "number"})
    )


@jf.node("looped")
def looped(batch: jf.Batch) -> jf.Batch:
    return batch.with_column("back", batch["t"].map(lambda text: text[::-1], "utf8").upper())


@jf.node("doubled")
def doubled(batch: jf.Batch) -> jf.Batch:
    return batch.with_column("twice", batch["n"].apply(lambda view: [2 * value for value in view.values], "int64"))


@jf.node("strict")
def strict(batch: jf.Batch) -> dict[str, jf.Batch]:
    sound = batch.reject(batch["n"] < 0, "it is negative", code="negative")
    return {"out": sound.filter(batch["n"] > 10), "small": sound.filter(batch["n"] <= 10).select("n")}


@jf.node("counted")
class Counted(jf.Node):
    """Counts rows per key."""

    def __init__(self, by: str, at_least: Annotated[int, jf.Param(minimum=0)] = 0) -> None:
        self.by = by
        self.at_least = at_least

    def bind(self, inputs):
        schema = inputs[0].schema
        self.groups = jf.Grouper([schema[self.by].type])
        self.counts = jf.Accumulator("count", [schema[self.by].type])
        port = jf.OutputPort().made(self.by, schema[self.by].type).made("n", "int64")
        return jf.Binding(port).needs("in", [self.by])

    def process(self, batch, port):
        groups = self.groups.assign(batch[self.by])
        self.counts.update([batch[self.by]], groups, len(self.groups))

    def finish(self, port):
        keys = self.groups.keys()
        counted = jf.Batch.of({self.by: keys[0], "n": self.counts.finish()})
        return counted.filter(counted["n"] >= self.at_least)


class Short(unittest.TestCase):
    def test_a_filter_and_a_derived_column(self):
        result = run(late, [{"dep_delay": 90}, {"dep_delay": 10}, {"dep_delay": None}])
        self.assertEqual(result.rows, [{"dep_delay": 90, "hours": 1.5}])
        self.assertEqual(result.types, {"dep_delay": "int64", "hours": "float64"})

    def test_the_binding_says_what_is_needed(self):
        binding = run(late, [{"carrier": "UA", "dep_delay": 90}], minutes=30).binding
        self.assertEqual(binding.needs[0].columns, ["dep_delay"])
        self.assertEqual([(p.column, p.comparison, p.values[0].value) for p in binding.needs[0].predicates], [("dep_delay", ">", 30)])
        self.assertTrue(binding.row_wise)
        self.assertEqual(dict(binding.extra), {"batch-rows": "262144"})

    def test_columns_are_passed_renamed_and_made_in_order(self):
        rows = run(shapes, [{"n": 3, "t": "a"}, {"n": -3, "t": None}]).rows
        self.assertEqual(rows[0], {"number": 3, "label": "odd", "half": 1, "joined": "A-a"})
        self.assertEqual(rows[1], {"number": -3, "label": "odd", "half": -2, "joined": None})

    def test_loops_over_values_and_over_buffers(self):
        self.assertEqual(run(looped, [{"t": "ab"}, {"t": None}]).rows[0]["back"], "BA")
        self.assertEqual([row["twice"] for row in run(doubled, [{"n": 4}, {"n": 5}]).rows], [8, 10])
        self.assertEqual(run(looped, [{"t": "ab"}]).binding.prefetch[0].paths, [[0]])

    def test_rows_that_fail_leave_by_the_policy(self):
        result = run(strict, [{"n": -1}, {"n": 5}, {"n": 50}])
        self.assertEqual((result.rows, result.ports["small"]), ([{"n": 50}], [{"n": 5}]))
        self.assertEqual(result.rejected, [({"n": -1}, "it is negative")])

    def test_an_exception_in_a_loop_fails_its_row(self):
        @jf.node("inverse")
        def inverse(batch):
            return batch.with_column("i", batch["n"].map(lambda n: 1 / n, "float64"))

        result = run(inverse, [{"n": 2}, {"n": 0}])
        self.assertEqual(result.rows, [{"n": 2, "i": 0.5}])
        self.assertRegex(result.rejected[0][1], r"ZeroDivisionError: .*\(test_nodes.py:\d+\)")

    def test_a_type_error_names_the_column_and_its_type(self):
        with self.assertRaisesRegex(jf.InvalidConfig, "column `dep_delay` is utf8") as caught:
            run(late, [{"dep_delay": "x"}])
        self.assertEqual(caught.exception.column, "dep_delay")

    def test_an_unknown_column_names_the_nearest(self):
        with self.assertRaises(jf.InvalidConfig) as caught:
            run(late, [{"dep_dealy": 1}])
        self.assertEqual((caught.exception.code, caught.exception.help), ("unknown-column", "did you mean dep_dealy?"))

    def test_rows_are_not_there_while_recording(self):
        @jf.node("eager")
        def eager(batch):
            return batch.filter(batch["n"] > len(batch["n"]))

        with self.assertRaisesRegex(jf.InvalidConfig, "write a class"):
            run(eager, [{"n": 1}])

    def test_python_words_for_logic_are_refused_with_the_right_ones(self):
        with self.assertRaisesRegex(TypeError, "use `&`"):
            bool(jf.lit(1) == 1)
        with self.assertRaisesRegex(jf.InvalidConfig, "is_null"):
            jf.lit(1) == None  # noqa: E711

    def test_wrong_parameters_are_told_all_at_once(self):
        with self.assertRaises(jf.Failures) as caught:
            run(shapes, [{"n": 1, "t": "a"}], unit="feet", other=1)
        self.assertEqual([failure.parameter for failure in caught.exception.failures], ["/other", "/unit"])


class Long(unittest.TestCase):
    def test_groups_and_accumulators(self):
        rows = [{"k": "a"}, {"k": "b"}, {"k": "a"}]
        self.assertEqual(run(Counted, rows, by="k").rows, [{"k": "a", "n": 2}, {"k": "b", "n": 1}])
        self.assertEqual(run("counted", rows, by="k", at_least=2).rows, [{"k": "a", "n": 2}])

    def test_batches_compute_at_once(self):
        batch = jf.Batch.of({"n": [1, 2, None], "t": ["a", "b", "c"]})
        self.assertEqual((batch["n"] + 1).to_list(), [2, 3, None])
        self.assertEqual(batch.filter(batch["n"] > 1).to_rows(), [{"n": 2, "t": "b"}])
        self.assertEqual(batch["n"].reduce("sum"), 3)
        self.assertEqual(batch.sort("n", descending=True)["t"].to_list(), ["b", "a", "c"])
        self.assertEqual(batch.with_column("m", jf.column([7, 8, 9]) + batch["n"])["m"].to_list(), [8, 10, None])
        with self.assertRaisesRegex(jf.InvalidConfig, "two batches"):
            batch["n"] + jf.Batch.of({"n": [1]})["n"]

    def test_joins_by_row_numbers(self):
        joiner = jf.Joiner(["utf8"])
        joiner.build(jf.column(["a", "b"]))
        (probe, build), = joiner.probe(jf.column(["b", "x"]), kind="outer")
        self.assertEqual((probe.to_list(), build.to_list()), ([0, 1], [1, None]))

    def test_views_are_memoryviews(self):
        view = jf.column([1, None, 3], "int64").view()
        self.assertEqual((view.values.format, list(view.values), view[1], view.null_count), ("q", [1, 0, 3], None, 1))
        text = jf.column(["ä", "", None, "b"]).view()
        self.assertEqual((list(text.offsets), text[0], text.to_list()), ([0, 2, 2, 2, 3], "ä", ["ä", "", None, "b"]))

    def test_values_of_all_types_come_back(self):
        for type, values in {
            "bool": [True, None, False], "float64": [0.5, None], "date": [date(2013, 1, 2), None],
            "timestamp": [datetime(2013, 1, 2, 3, 4, 5, 6)], "list<int64>": [[1, 2], None, []],
            "struct<a: int64, b: utf8>": [{"a": 1, "b": "x"}, {"a": None, "b": None}], "binary": [b"\0\xff", None],
            "decimal(10,2)": [None],
        }.items():  # fmt: skip
            self.assertEqual(jf.column(values, type).to_list(), values, type)
        with self.assertRaisesRegex(jf.InvalidInput, "'x' does not fit the type int64"):
            jf.column([1, "x"], "int64")


class Declarations(unittest.TestCase):
    def test_signatures_give_schemas(self):
        schema = NODES["late"].signature.schema
        self.assertEqual(schema["properties"], {"minutes": {"type": "integer", "description": "more than so many are late", "default": 60}})
        schema = NODES["shapes"].signature.schema
        self.assertEqual(schema["properties"]["unit"], {"type": "string", "enum": ["km", "miles"], "default": "km"})
        self.assertEqual(schema["properties"]["names"], {"type": "array", "items": {"type": "string"}})
        schema = NODES["counted"].signature.schema
        self.assertEqual((schema["required"], schema["properties"]["at-least"]["minimum"]), (["by"], 0))

    def test_they_are_printed_for_the_manifest(self):
        import tomllib

        told = tomllib.loads(as_toml(declared()))["provides"]["node"]
        late = next(entry for entry in told if entry["type"] == "late")
        self.assertEqual(late["description"], "Keeps late flights")
        self.assertEqual(late["parameters"]["properties"]["minutes"]["default"], 60)

    def test_types_are_read_and_written(self):
        for name in ["int64", "timestamp[UTC]", "timestamp[ns, Europe/Paris]", "list<struct<a: utf8, \"b c\": date>>", "decimal(38,10)", "time[ms]"]:
            self.assertEqual(jf.Type.of(name).name, name)
        with self.assertRaisesRegex(jf.InvalidConfig, "expected a type, found `nope>`"):
            jf.Type.of("list<nope>")

    def test_logging_arrives(self):
        logs()
        logging.getLogger("mine").warning("careful: %d", 3)
        self.assertEqual(logs(), [("warn", "careful: 3")])


if __name__ == "__main__":
    unittest.main()
