"""Lists of the admin that grow for as long as the site runs."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import Max, Min, QuerySet
from django.http import HttpRequest

from monitor.models import AccessEntry, Organisation
from monitor.periods import local_day, midnight

# To count more rows than anybody leafs through would read all of them.
COUNTED = 10_000


class NewestPages(Paginator[Any]):
    """Pages of the newest rows; older ones are reached with a filter."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        if not isinstance(rows, QuerySet):
            return len(rows)
        return rows.order_by()[:COUNTED].count()


class MonthFilter(admin.SimpleListFilter):
    """Months with entries, from the two ends of the index alone."""

    title = "month"
    parameter_name = "month"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        ends = AccessEntry.objects.aggregate(first=Min("at"), last=Max("at"))
        if ends["first"] is None:
            return []
        tz = Organisation.current().tz
        first, day = (local_day(ends[name], tz) for name in ("first", "last"))
        found = []
        while (day := day.replace(day=1)) >= first.replace(day=1):
            found.append((f"{day:%Y-%m}", f"{day:%B %Y}"))
            day -= timedelta(days=1)
        return found

    def queryset(self, request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        """All rows for a month that is not offered."""
        if self.value() not in dict(self.lookup_choices):
            return rows
        tz = Organisation.current().tz
        first = date.fromisoformat(f"{self.value()}-01")
        after = (first + timedelta(days=31)).replace(day=1)
        return rows.filter(at__gte=midnight(first, tz), at__lt=midnight(after, tz))
