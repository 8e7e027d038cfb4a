"""What a review would say again and again, said by the source itself."""

import ast
import importlib
import inspect
import pkgutil
import re
from types import FunctionType

import pytest

from tests.architecture.source import PACKAGES, found, modules, place

# Where the clock may be read: a view, what its steps begin with, a command; a migration is a command.
CLOCK = ("views", "steps", "commands", "migrations")
CLOCK_FILES = {
    "portal/staff/adapter.py",  # what the view of the log-in does in the end
    "portal/staff/admin.py",  # the views of the admin
    "portal/audit/admin_base.py",  # these too
    "portal/apps.py",  # what is done after migrating, which is a command
    "portal/staff/logins.py",  # what commands of the log-in's library do in the end
    "portal/staff/sessions.py",  # what Django's middleware does before a view
    "portal/launcher/joining.py",  # waits for a server, no instant of it reaches the database
    "portal/launcher/supervising.py",  # as this one does
}
_READS = {
    ("timezone", "now"),
    ("timezone", "localdate"),
    ("timezone", "localtime"),
    ("datetime", "now"),
    ("datetime", "utcnow"),
    ("datetime", "today"),
    ("date", "today"),
    ("time", "time"),
    ("functions", "Now"),
}
# What the command of the clean-up compares its clock with.
_CLOCKS = "SELECT clock_timestamp(), (SELECT max(started_at) FROM jobs_run WHERE kind = %s)"
_SQL_CLOCK = re.compile(r"\b(now\(\)|current_date|current_timestamp|clock_timestamp|localtimestamp)", re.IGNORECASE)


def _called(node: ast.Call) -> tuple[str, str]:
    """Name what is called, and on what: ("timezone", "now")."""
    function = node.func
    if isinstance(function, ast.Attribute):
        owner = function.value
        name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
        return name, function.attr
    return "", getattr(function, "id", "")


def test_the_clock_is_read_by_views_and_commands_alone():
    reads = [
        place(module, node)
        for module, node in found(of=ast.Call)
        if _called(node) in _READS and not module.named(*CLOCK) and module.path not in CLOCK_FILES
    ]
    assert reads == []


_READ_BY_MIGRATIONS = ("'Upgraded'", "frame_idempotencykey", "a_tax_rate_that_has_begun_is_never_deleted")


def test_no_statement_reads_the_clock_of_the_database():
    reads = [
        place(module, node)
        for module, node in found(of=ast.Constant)
        # The audit's trigger notes when a write came from outside, a migration when it upgraded or which keys it
        # takes along, a guard asks whether a tax rate has begun: nobody is there to hand a clock over.
        if isinstance(node.value, str)
        and _SQL_CLOCK.search(node.value)
        and "FUNCTION portal_note_unmarked_change" not in node.value
        and not (module.is_migration and any(said in node.value for said in _READ_BY_MIGRATIONS))
        and (module.path, node.value) != ("subscriptions/clean_up/selectors.py", _CLOCKS)
    ]
    assert reads == []


def test_no_clock_hides_in_a_default():
    hidden = [
        place(module, node)
        for module, node in found(of=ast.keyword)
        if node.arg in ("default", "auto_now", "auto_now_add", "default_factory")
        and not module.is_migration
        and ("now" in ast.unparse(node.value) or "today" in ast.unparse(node.value) or node.arg.startswith("auto"))
    ]
    assert hidden == []


def test_nothing_catches_everything_but_the_night():
    """A step of the night that fails, for whatever reason, does not stop those that do not need it."""
    caught = [
        place(module, node)
        for module, node in found(of=ast.ExceptHandler)
        if node.type is None or {"Exception", "BaseException"} & {getattr(n, "id", "") for n in ast.walk(node.type)}
    ]
    assert [one.rpartition(":")[0] for one in caught] == ["portal/shell/night.py"]


def test_errors_of_the_database_are_read_in_one_place():
    """A message is for people: it quotes what they typed, which may be the name of a constraint.

    For what else went wrong psycopg has classes of errors, with names.
    """
    reads = [
        place(module, node)
        for module, node in found(of=ast.Attribute)
        if node.attr in ("diag", "sqlstate", "constraint_name", "pgcode")
        and module.path != "portal/postgresql/diagnosis.py"
    ]
    reads += [
        place(module, node)
        for module, node in found(of=ast.Call)
        if _called(node)[1] == "getattr" and {"diag", "sqlstate"} & {ast.unparse(part)[1:-1] for part in node.args}
    ]
    reads += [
        place(module, node)
        for module, node in found(of=ast.Compare)
        if isinstance(node.ops[0], ast.In | ast.NotIn) and ast.unparse(node.comparators[0]).startswith("str(")
    ]
    assert reads == []


def test_the_environment_is_read_in_one_place():
    """`portal.lib.environment` says in a sentence which variable can't be read."""
    may = {
        "portal/lib/environment.py": "the reader",
        "manage.py": "stands before the settings, and joins the embedded database",
        "portal/embedded.py": "runs before anything is installed",
        "portal/launcher/joining.py": "as well",
        "portal/launcher/places.py": "as well",
        "portal/wsgi.py": "tells the settings that it is a web process",
        "portal/postgresql/owner.py": "takes the owner's address out, so that no other program inherits it",
        "portal/shell/management/commands/serve.py": "tells the web processes which static files are right",
    }
    read = {
        module.path
        for module, node in found(of=ast.Attribute)
        if node.attr in ("environ", "getenv") and getattr(node.value, "id", "") == "os"
    }
    assert read == set(may)


def test_fields_and_their_mistakes_are_those_of_the_kit():
    """Django's own fields read in other ways, and say of a mistake what nobody has written: `portal.lib.forms`.

    A box to tick has no mistakes, and a hidden widget looks like nothing.
    """
    taken = re.compile(
        r"forms\.(?:(?!Boolean|Bound)\w*Field|(?!Hidden|Checkbox)\w*Input|Textarea|(?:Radio)?Select)"
    )
    used = [
        place(module, node)
        for module, node in found(of=ast.Attribute)
        if taken.fullmatch(ast.unparse(node)) and not module.path.startswith("portal/lib/forms/")
    ]
    used += [
        place(module, node)
        for module, node in found(of=ast.keyword)
        if node.arg == "error_messages" and not module.path.startswith("portal/lib/forms/")
    ]
    assert used == []


def test_no_model_overrides_save_or_delete():
    overrides = [
        place(module, method)
        for module, node in found(of=ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.name in ("save", "delete", "asave", "adelete")
    ]
    assert overrides == []


def test_no_signals_and_no_generic_keys():
    banned = {"receiver", "Signal", "post_save", "pre_save", "post_delete", "pre_delete", "m2m_changed"}
    banned |= {"GenericForeignKey", "GenericRelation"}
    used = [
        place(module, node)
        for module, node in found(of=ast.alias)
        if node.name.split(".")[-1] in banned
        or node.name.startswith(("django.dispatch", "django.db.models.signals"))
    ]
    used += [place(module, node) for module, node in found(of=ast.Attribute) if node.attr in banned]
    used += [
        place(module, node)
        for module, node in found(of=ast.ImportFrom)
        if (node.module or "").startswith(("django.dispatch", "django.db.models.signals"))
        # Only Django knows when a migration is over, which is when roles are brought up to date.
        and ([alias.name for alias in node.names], module.path) != (["post_migrate"], "portal/apps.py")
    ]
    assert used == []


def test_no_float_where_money_is():
    """Shares of money are exact, from the first digit to the last."""
    no_money = {
        "portal/launcher/joining.py": "waits in fractions of a second",
        "portal/launcher/supervising.py": "as well",
        "portal/settings.py": "hours of a lock-out",
        "portal/postgresql/base.py": "waits in fractions of a second",
        "portal/shell/worker.py": "the clock that connections are given by",
        "portal/demo/population.py": "how likely the demo draws what",
        "customers/search/similarity.py": "how similar two words are",
    }
    ours = [module for module in modules() if module.path not in no_money]
    floats = [
        place(module, node) for module, node in found(of=ast.Constant, within=ours) if isinstance(node.value, float)
    ]
    floats += [place(module, node) for module, node in found(of=ast.Name, within=ours) if node.id == "float"]
    assert floats == []


def test_operations_own_their_transaction():
    """One frame opens transactions; the others are savepoints and what a reading needs."""
    may = {
        "portal/staff/admin.py": "views of the admin that Django leaves without one",
        "portal/frame/operation.py": "the frame itself",
        "subscriptions/clean_up/operations/batches.py": "savepoints inside a batch",
        "subscriptions/life/operations/looking.py": "a dry run that is rolled back",
        "subscriptions/life/operations/renewing.py": "savepoints inside a batch",
        "customers/checks/chain.py": "a cursor that reads one state of the ledger",
    }
    used = {
        module.path
        for module, node in found(of=ast.Attribute)
        if node.attr in ("atomic", "on_commit", "set_autocommit") and getattr(node.value, "id", "") == "transaction"
    }
    assert used == set(may)


def test_only_operations_imports_numberer_sealer_night_and_the_demo_open_an_operation():
    opened = {
        module.path
        for module, node in found(of=ast.Call)
        if _called(node)[1] == "operation" and _called(node)[0] in ("frame", "")
    }
    demo = {"portal/demo/store.py", "portal/demo/removal.py"}
    outside = [path for path in opened - demo if "operations" not in path]
    importing = ["portal/importing/run.py", "portal/importing/runs.py"]
    assert sorted(outside) == [
        "portal/audit/numbering.py",
        "portal/audit/sealing.py",
        *importing,
        "portal/shell/night.py",
    ]


def test_terminations_have_one_writer_and_the_import():
    """Everything else calls them; what a termination brings along can't be forgotten then."""
    by_hand = [
        place(module, node)
        for module, node in found(of=ast.Constant)
        if isinstance(node.value, str)
        and re.search(r"(INSERT\s+INTO|COPY)\s+subscriptions_termination", node.value, re.I)
    ]
    assert by_hand == []
    joined = {
        module.path
        for module, node in found(of=ast.Call)
        if ast.unparse(node.func).endswith(("TERMINATIONS.over", "TERMINATIONS.write"))
    }
    assert joined == {"subscriptions/imports/loading.py", "subscriptions/termination/writer/terminations.py"}
    made = [
        place(module, node)
        for module, node in found(of=ast.Call)
        if "Termination" in (_called(node)[1], _called(node)[0])
        or re.match(r"(models\.)?Termination\.objects\..*(create|update|delete)", ast.unparse(node.func))
    ]
    elsewhere = ("subscriptions/migrations", "subscriptions/termination/writer/terminations.py")
    assert [line for line in made if not line.startswith(elsewhere)] == []


def _imported(*, kinds: tuple[str, ...]) -> list[tuple[str, object]]:
    """Import every module of these kinds: *Shape*: name and module."""
    names = []
    for package in PACKAGES:
        root = importlib.import_module(package)
        for info in pkgutil.walk_packages(root.__path__, f"{package}."):
            if set(info.name.split(".")[1:]) & set(kinds) and "migrations" not in info.name:
                names.append(info.name)
    return [(name, importlib.import_module(name)) for name in names]


def _public_functions(*, kinds: tuple[str, ...]) -> list[tuple[str, FunctionType]]:
    return [
        (f"{name}.{function.__name__}", function)
        for name, module in _imported(kinds=kinds)
        for function in vars(module).values()
        if isinstance(function, FunctionType)
        and function.__module__ == name
        and not function.__name__.startswith("_")
    ]


LAYERS = ("policies", "operations", "selectors", "quote", "words", "settlement", "writer")


def test_more_than_one_argument_is_named():
    """`operation("name")` and friends have one; who calls with several says which is which."""
    loose = []
    for name, function in _public_functions(kinds=LAYERS):
        function = inspect.unwrap(function)
        kinds = [p.kind for p in inspect.signature(function).parameters.values()]
        positional = kinds.count(inspect.Parameter.POSITIONAL_OR_KEYWORD)
        if positional > 1:
            loose.append(name)
    assert loose == []


def test_every_public_function_says_what_it_does():
    silent = [
        name
        for name, function in _public_functions(kinds=(*LAYERS, "lib", "views", "steps"))
        if not (inspect.getdoc(function) or "").strip()
    ]
    assert silent == []


@pytest.mark.parametrize("kind", ["policies", "operations", "selectors"])
def test_modules_are_imported_and_not_their_functions(kind):
    """`operations.terminate(...)` says where a verb lives; a class may be imported by its name."""
    named = []
    for module, node in found(of=ast.ImportFrom):
        parts = (node.module or "").split(".")
        package = ".".join(module.path.removesuffix(".py").split("/")[:-1])
        if kind not in parts or (node.module or "").startswith(package) or module.is_migration:
            continue
        source = importlib.import_module(node.module or "")
        named += [
            f"{place(module, node)} {alias.name}"
            for alias in node.names
            if isinstance(getattr(source, alias.name, None), FunctionType)
        ]
    assert named == []
