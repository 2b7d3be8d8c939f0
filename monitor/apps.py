from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class MonitorConfig(AppConfig):
    name = "monitor"
    verbose_name = "Monitoring"

    def ready(self) -> None:
        from monitor import checks  # noqa: F401 - registers them

        post_migrate.connect(make_roles, sender=self)
        post_migrate.connect(make_formula, sender=self)


def make_roles(**_: Any) -> None:
    """Every installation has the roles, not only the demonstration."""
    from monitor.services.roles import it_role_ensure, roles_ensure

    roles_ensure()
    it_role_ensure()


def make_formula(**_: Any) -> None:
    """Days are summed up under the built-in formula until there is another one."""
    from monitor.services.formulas import formula_ensure

    formula_ensure()
