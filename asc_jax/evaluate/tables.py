"""The printed tables: one row per round, and the details of one round."""

from rich.table import Table

from asc_jax.evaluate import scores
from asc_jax.evaluate.predict import Predictions


def rounds_table(results: dict[str, tuple[str, Predictions]]) -> Table:
    """Round -> (its test set's name, predictions) as a table of accuracy, macro accuracy and accuracy per device."""
    per_device = {name: scores.accuracy_per_group(p, p.details["device"]) for name, (_, p) in results.items()}
    devices = sorted({device for each in per_device.values() for device in each})
    table = Table("round", "test set", title="Test accuracy in % (margin-free)")
    for column in ("clips", "accuracy", "macro", *(device or "(no device)" for device in devices)):
        table.add_column(column, justify="right")
    for name, (test_set, predictions) in results.items():
        overall = (scores.accuracy(predictions), scores.macro_accuracy(predictions))
        shown = [_percent(value) for value in (*overall, *(per_device[name].get(device) for device in devices))]
        table.add_row(name, test_set, str(len(predictions.truth)), *shown)
    return table


def details_tables(name: str, predictions: Predictions) -> list[Table]:
    """Accuracy per scene, device and city of one round, each where the test set tells them apart."""
    groups = {
        "scene": scores.accuracy_per_scene(predictions),
        "device": scores.accuracy_per_group(predictions, predictions.details["device"]),
        "city": scores.accuracy_per_group(predictions, predictions.details["city"]),
    }
    tables = []
    for kind, accuracies in groups.items():
        if accuracies.keys() != {""}:
            table = Table(kind, title=name)
            table.add_column("accuracy in %", justify="right")
            for group, value in accuracies.items():
                table.add_row(group or "(unknown)", _percent(value))
            tables.append(table)
    return tables


def _percent(value: float | None) -> str:
    return "" if value is None else f"{100 * value:.1f}"
