"""People and teams from a table: in the admin with a preview, or by command."""

from __future__ import annotations

import base64
from typing import Any

from django.core.exceptions import SuspiciousOperation, ValidationError
from import_export import fields, resources, widgets
from import_export.tmp_storages import BaseStorage

from monitor import vault
from monitor.models import Person, Team

MOST_BYTES = 1024 * 1024


class TeamWidget(widgets.ForeignKeyWidget):  # type: ignore[misc]
    """A team by its name; one that is not there yet is made."""

    def __init__(self) -> None:
        super().__init__(Team, field="name")

    def clean(self, value: Any, row: Any = None, **kwargs: Any) -> Team:
        name = str(value or "").strip()
        if not name:
            raise ValidationError("The team is missing.")
        team = Team(name=name)
        team.clean_fields()
        return Team.objects.get_or_create(name=name)[0]


class PersonResource(resources.ModelResource):  # type: ignore[misc]
    """Columns number, name, team; a number that is known changes that person.

    Consent is not among them: it is given by the person, not by a table.
    """

    team = fields.Field(column_name="team", attribute="team", widget=TeamWidget())

    class Meta:
        model = Person
        fields = ("number", "name", "team")
        import_id_fields = ("number",)
        force_init_instance = False
        skip_unchanged = True
        report_skipped = True
        use_transactions = True
        clean_model_instances = True

    def import_data(self, dataset: Any, **kwargs: Any) -> Any:
        """All lines or none."""
        return super().import_data(
            dataset, **kwargs | {"rollback_on_validation_errors": True}
        )

    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Refuse a table with other columns before any row is looked at."""
        given = {str(name).strip() for name in dataset.headers or ()}
        wanted = set(self.Meta.fields)
        if given != wanted:
            raise ValidationError(
                f"The first line must be {', '.join(self.Meta.fields)};"
                f" it is {', '.join(sorted(given)) or 'empty'}."
            )
        self.seen: set[str] = set()

    def before_import_row(self, row: Any, **kwargs: Any) -> None:
        for name in self.Meta.fields:
            row[name] = str(row[name] or "").strip()
        number = row["number"]
        if not number:
            raise ValidationError("The number is missing.")
        if number in self.seen:
            raise ValidationError(f"The number {number} is in the table twice.")
        self.seen.add(number)


class SealedInPage(BaseStorage):  # type: ignore[misc]
    """The table between preview and confirmation: sealed, in the page itself.

    So no host keeps names on its disk, and any host may take the confirmation.
    """

    def save(self, data: str | bytes) -> None:
        raw = data.encode() if isinstance(data, str) else data
        if len(raw) > MOST_BYTES:
            raise SuspiciousOperation("The table has over 1 MB; send it in pieces.")
        self.name = base64.urlsafe_b64encode(vault.seal(raw)).decode()

    def read(self) -> str | bytes:
        try:
            raw = vault.unseal(base64.urlsafe_b64decode(self.name))
        except (ValueError, vault.PictureLocked) as exc:
            raise SuspiciousOperation("This is not the table that was shown.") from exc
        return raw if "b" in self.read_mode else raw.decode(self.encoding or "utf-8")

    def remove(self) -> None:
        self.name = ""
