"""Read what a superuser typed on the settings pages."""

from settings_app.forms.config import MESSAGE, ConfigForm
from settings_app.forms.reasons import ReasonForm
from settings_app.forms.tables import ELSEWHERE, HERE, FeeFormSet, renewals_of

__all__ = ["ELSEWHERE", "HERE", "MESSAGE", "ConfigForm", "FeeFormSet", "ReasonForm", "renewals_of"]
