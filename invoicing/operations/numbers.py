"""Draw the numbers of the portal's own documents."""

from invoicing.models import CreditNote, Invoice, NumberSeries


def draw_number(document: NumberSeries.Document) -> tuple[NumberSeries, int, str]:
    """Draw the next number of a series; called inside an operation, as the last lock it takes.

    *Shape*: series, place in it, number as printed (CN-0000012).
    """
    series, (place,) = draw_numbers(document, count=1)
    return series, place, number_of(series, place=place)


def draw_numbers(document: NumberSeries.Document, *, count: int) -> tuple[NumberSeries, list[int]]:
    """Draw the next numbers of a series in a block; called inside an operation, as the last lock it takes.

    The series' row stays locked until the operation ends, and a rolled back operation gives its numbers
    back: so there are no gaps. A number that an imported document already carries is passed over.

    *Shape*: series, places in it.
    """
    series = NumberSeries.objects.select_for_update(no_key=True, of=("self",)).get(document=document)
    places: list[int] = []
    after = max(series.last_number, series.first_number - 1)
    while missing := count - len(places):
        block = range(after + 1, after + 1 + missing)
        taken = _taken(document, [number_of(series, place=place) for place in block])
        places += [place for place in block if number_of(series, place=place) not in taken]
        after = block[-1]
    if places:
        series.last_number = places[-1]
        series.save(update_fields=["last_number"])
    return series, places


def number_of(series: NumberSeries, *, place: int) -> str:
    """Write a place of a series as it is printed."""
    return f"{series.prefix}{place:0{series.length}d}"


def _taken(document: NumberSeries.Document, numbers: list[str]) -> set[str]:
    documents = Invoice.objects if document == NumberSeries.Document.INVOICE else CreditNote.objects
    return set(documents.filter(number__in=numbers).values_list("number", flat=True))
