"""Draw the numbers of the portal's own documents."""

from invoicing.models import CreditNote, Invoice, NumberSeries


def draw_number(document: NumberSeries.Document) -> tuple[NumberSeries, int, str]:
    """Draw the next number of a series; called inside an operation, as the last lock it takes.

    The series' row stays locked until the operation ends, and a rolled back operation gives its number
    back: so there are no gaps. A number that an imported document already carries is passed over.

    *Shape*: series, place in it, number as printed (CN-0000012).
    """
    series = NumberSeries.objects.select_for_update(no_key=True, of=("self",)).get(document=document)
    place = max(series.last_number + 1, series.first_number)
    while _is_taken(document, number_of(series, place=place)):
        place += 1
    series.last_number = place
    series.save(update_fields=["last_number"])
    return series, place, number_of(series, place=place)


def number_of(series: NumberSeries, *, place: int) -> str:
    """Write a place of a series as it is printed."""
    return f"{series.prefix}{place:0{series.length}d}"


def _is_taken(document: NumberSeries.Document, number: str) -> bool:
    if document == NumberSeries.Document.INVOICE:
        return Invoice.objects.filter(number=number).exists()
    return CreditNote.objects.filter(number=number).exists()
