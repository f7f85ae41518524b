"""What one question spends of a privacy budget: reserved once, however often the question must run again."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from bailee.decide import Ruling
from bailee.errors import DeidError
from bailee.gate.budgets import Reserved, reserve
from bailee.gate.record import Recorder
from bailee.policy.budget import amount as exactly
from bailee.policy.budget import each
from bailee.rewrite import Governed

if TYPE_CHECKING:
    from bailee.gate.noising import Adding, Noised, Noising


class Spending:
    """One question's spending; `reserved` is None where nothing was spent."""

    def __init__(self, recorder: Recorder, ruling: Ruling, at: datetime, amount: Decimal | None) -> None:
        self._recorder, self._ruling, self._at, self._amount = recorder, ruling, at, amount
        self.reserved: Reserved | None = None
        self._adding: Adding | None = None

    @property
    def noised(self) -> Noised | None:
        """What a reader is told of the noise; None where there is none."""
        return None if self._adding is None else self._adding.noised()

    @staticmethod
    def _whole(amount: Decimal) -> Decimal:
        """The amount, where it is one that can be spent; DeidError for any other."""
        try:
            return exactly(str(amount))
        except ValueError as error:
            raise DeidError(f"`spend` is no amount: {error}") from None

    def noising(self, governed: Governed) -> Noising | None:
        """What adds noise to a question's figures, paid for; None where it needs none.

        Raises Refused where too little is left, DeidError where noise cannot be drawn; nothing was spent then.
        """
        plan, purpose = governed.noise, self._ruling.purpose
        if plan is None or purpose is None:
            return None
        from bailee.gate.noising import Adding, widths

        if self.reserved is None:
            amount = each(purpose.release) if self._amount is None else self._whole(self._amount)
            widths(plan, amount)
            self.reserved = reserve(self._recorder, self._ruling, self._at, amount)
        if self._adding is None or self._adding.plan != plan:
            self._adding = Adding(plan, self.reserved, governed.dialect.name)
        return self._adding
