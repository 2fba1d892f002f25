"""Hand-written PromQL as a condition, and the examples that are its tests."""

from typing import Annotated, Any, ClassVar, Self

from pydantic import BeforeValidator, Field, FiniteFloat, model_validator

from truegauge_spec.model import LabelName, Model, PositiveDuration, Text
from truegauge_spec.quantities import duration


class Firing(Model):
    """An alert that an example expects: the labels of the expression's result, and its value."""

    labels: dict[LabelName, Text] = {}
    value: FiniteFloat | None = None


def _firing_of(value: Any) -> Any:
    """The labels alone stand for the whole; none of them is a mapping."""
    whole = isinstance(value, dict) and ("value" in value or isinstance(value.get("labels"), dict))
    return value if whole or not isinstance(value, dict) else {"labels": value}


def _several_times(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


SomeTimes = Annotated[tuple[PositiveDuration, ...], BeforeValidator(_several_times)]


class Example(Model):
    """A hand-written case for an expression: series, and what fires of it when. A sample comes each `interval`.

    At `at` and each of `fires_at` all of `fires` fires and nothing else; at each of `silent_at` nothing does. `value`
    is that of all that fires and has none of its own.
    """

    name: Text
    series: Annotated[dict[Text, Text], Field(min_length=1)]
    interval: PositiveDuration = 60_000
    at: PositiveDuration | None = None
    fires_at: SomeTimes = ()
    silent_at: SomeTimes = ()
    fires: tuple[Annotated[Firing, BeforeValidator(_firing_of)], ...] = ()
    value: FiniteFloat = 0

    @model_validator(mode="after")
    def _said_when(self) -> Self:
        if self.at is None and not self.fires_at and not self.silent_at:
            raise ValueError("say when to look: `at`, `fires_at` or `silent_at`")
        if self.fires_at and not self.fires:
            raise ValueError("`fires_at` needs `fires`: the labels of what fires then")
        if self.fires and self.at is None and not self.fires_at:
            raise ValueError("`fires` needs a time: `fires_at` or `at`")
        if both := sorted({*self.silent_at} & {*self.fires_at, *([self.at] if self.fires and self.at else [])}):
            raise ValueError(f"at {duration(both[0])} it can not fire and be silent")
        return self

    @property
    def looks(self) -> tuple[tuple[int, bool], ...]:
        """The times to look at, in their order, and whether anything fires then."""
        found = dict.fromkeys(self.silent_at, False) | dict.fromkeys(self.fires_at, True)
        if self.at is not None:
            found[self.at] = bool(self.fires)
        return tuple(sorted(found.items()))


class Expr(Model):
    """Hand-written PromQL, for what no other kind can say; `examples` are its tests."""

    kind: ClassVar[str] = "expr"
    key: ClassVar[str] = "expr"
    expr: Text
    examples: tuple[Example, ...] = ()
