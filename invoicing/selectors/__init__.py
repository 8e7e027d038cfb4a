"""Everything that reads money documents."""

from invoicing.selectors.terminations import NamedNote, NoteFacts, note_lines_naming, notes_of_organisation

__all__ = ["NamedNote", "NoteFacts", "note_lines_naming", "notes_of_organisation"]
