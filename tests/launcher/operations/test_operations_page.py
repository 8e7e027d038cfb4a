"""docs/operations.md is followed from its top to its end on a machine of its own, and what comes of it is attacked.

The machine lasts as long as the module: each fixture follows some sections of the page, after those before it.
"""

from __future__ import annotations

import http.client
import json
import re

import pytest

from bench import walk
from tests.launcher.operations import hardened, operating, page, refused
from tests.launcher.operations import machine as machines
from tests.support import one_customer, pages
from tests.support.places import eventually

# The most that `systemd-analyze security` may say, times ten: 0 is safe, 100 is not.
EXPOSURE = "12"
UNITS = ("portal-web.service", "portal-night.service", "portal-night.timer", "portal-night-failed.service")
# An address from outside, as nginx sees it.
OUTSIDE = "127.0.0.9"


# ---- The page itself --------------------------------------------------------------------------------------------


def test_each_block_of_the_page_is_of_a_kind_that_is_tried() -> None:
    found = page.blocks(page.PAGE.read_text())
    assert found
    assert page.PAGE.read_text().count("\n```") == 2 * len(found)
    assert [f"line {block.line}: {block.language!r}" for block in found if not block.is_known] == []


def test_what_is_no_block_is_found() -> None:
    fenced = ("sh\ntrue\n", "\nplain\n", "ini\nkey=value\n", "ini\n; /a/file, of old\nk=v\n")
    text = "## One\n" + "".join(f"\n```{block}```\n" for block in fenced)
    one, plain, nameless, file = page.blocks(text)
    assert (one.section, one.line, one.text, one.is_known) == ("One", 3, "true\n", True)
    assert (plain.is_known, nameless.is_known) == (False, False)
    assert (file.path, file.remark, file.text, file.is_known) == ("/a/file", "of old", "k=v\n", True)


def test_each_block_of_the_page_was_tried(restored: operating.Operator) -> None:
    tried = {block.line: block for block in restored.done}
    assert tried == {block.line: block for block in page.blocks(page.PAGE.read_text())}


# ---- Whose is what ----------------------------------------------------------------------------------------------


def test_the_code_is_roots_and_the_service_is_nobody_special(served: operating.Operator) -> None:
    machine = served.machine
    assert machine.does("find", "/opt/portal", "!", "-user", "root") == ""
    assert machine.does("find", "/opt/portal", "-perm", "/022", "!", "-type", "l") == ""
    owners = machine.does("pgrep", "-u", "portal", "-f", "portal.wsgi:application").split()
    assert len(owners) >= 3, "a master and its workers"
    assert not machine.run("pgrep", "-u", "root", "-f", "portal.wsgi:application").stdout


def test_secrets_are_for_root_alone_and_in_no_unit_and_no_command_line(restored: operating.Operator) -> None:
    machine = restored.machine
    for file in ("environment", "owner", "web"):
        assert machine.does("stat", "-c", "%U %a", f"/etc/portal/{file}") == "root 600\n"
        assert machine.run("runuser", "-u", "portal", "--", "cat", f"/etc/portal/{file}").returncode != 0
    units = machine.does(
        "sh",
        "-c",
        "find /etc/systemd/system -type f -name '*.conf' -exec cat {} +; cat /etc/systemd/system/portal-*.service",
    )
    assert "password" not in units
    assert not re.search("^Environment=", units, re.MULTILINE)
    assert "password" not in machine.does("ps", "-e", "-o", "args=")
    kept = machine.does("sh", "-c", "stat -c %U:%a /var/backups/portal /var/backups/portal/*/*")
    assert set(kept.split()) == {"root:700", "root:600", "portal:600"}


def test_systemd_and_a_shell_read_the_environment_alike(served: operating.Operator) -> None:
    for file in ("environment", "owner"):
        names = re.findall(r"^(\w+)=", served.machine.at(f"/etc/portal/{file}").read_text(), re.MULTILINE)
        printed = " ".join(f'"${name}"' for name in names)
        said = served.machine.does("sh", "-euc", f". /etc/portal/{file}; printf '%s\\n' {printed}")
        local = served.machine.at("/run/copied")
        local.write_text(served.machine.at(f"/etc/portal/{file}").read_text())
        read = hardened.environment([str(local)])
        assert said.splitlines() == [read[name] for name in names]


# ---- Units ------------------------------------------------------------------------------------------------------


def test_systemd_understands_the_units(served: operating.Operator) -> None:
    done = served.machine.run("systemd-analyze", "verify", *UNITS)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("unit", UNITS[:2])
def test_the_units_leave_little_open(served: operating.Operator, unit: str) -> None:
    served.machine.does(
        *("systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}", unit)
    )


def test_the_units_are_enabled(served: operating.Operator) -> None:
    for wants in ("multi-user.target.wants/portal-web.service", "timers.target.wants/portal-night.timer"):
        assert served.machine.at(f"/etc/systemd/system/{wants}").is_symlink()


def test_the_server_writes_nowhere_else_and_gains_nothing(served: operating.Operator) -> None:
    """What systemd would do is done here as well, so that it is known to work with it."""
    (master, *_) = served.machine.does("pgrep", "-o", "-u", "portal", "-f", "portal.wsgi:application").split()
    status = dict(
        line.split(":\t", 1)
        for line in served.machine.at(f"/proc/{master}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2")
    assert {status[name] for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {"0" * 16}
    mounts = served.machine.at(f"/proc/{master}/mounts").read_text().splitlines()
    options = {words[1]: words[3].split(",") for words in (line.split(" ") for line in mounts)}
    assert options["/"][0] == "ro"
    assert options["/var/lib/portal"][0] == "rw"


def test_the_unit_serves_the_embedded_database_as_well(restored: operating.Operator) -> None:
    own = restored.machine.at("/etc/portal/web")
    kept = own.read_text()
    own.write_text("DATABASE_URL=\nPORT=8003\nWEB_CONCURRENCY=1\n")
    started = restored.start_unit("portal-web", log="/run/embedded.log")
    ready = eventually(
        lambda: started.poll() is not None or restored.status("/readyz", port=8003) == 200, seconds=60
    )
    own.write_text(kept)
    assert ready, restored.log("embedded")
    # PostgreSQL is started by the unit, and as confined as the unit is.
    (server,) = restored.machine.does("pgrep", "-u", "portal", "-f", "bin/postgres -D /var/lib/portal").split()
    assert "\nSeccomp:\t2\n" in restored.machine.at(f"/proc/{server}/status").read_text()
    assert restored.machine.end(started) == 0, restored.log("embedded")
    assert "Traceback" not in restored.log("embedded")


def test_the_night_goes_through_in_its_unit(restored: operating.Operator) -> None:
    commands = len(hardened.settings("portal-night", units=restored.machine.at(hardened.UNITS))["ExecStart"])
    for number in range(commands):
        restored.machine.does(*restored.unit("portal-night", number))
    assert list(restored.machine.at("/var/lib/portal/reports").glob("terminated-*.csv"))
    assert restored.sql("SELECT count(*) FROM jobs_run", database="portal") != "0"


def test_the_night_goes_through_in_cron(restored: operating.Operator) -> None:
    path, line = restored.machine.at("/etc/cron.d/portal").read_text().splitlines()
    words = line.split(None, 6)
    assert words[5] == "root"
    restored.machine.at("/var/lib/portal/reports").mkdir(exist_ok=True)
    for old in restored.machine.at("/var/lib/portal/reports").glob("*.csv"):
        old.unlink()
    restored.machine.does("env", "-i", path, "sh", "-c", words[6].replace(r"\%", "%"))


# ---- Behind nginx -----------------------------------------------------------------------------------------------


def told(here: operating.Operator, event: str) -> list[str]:
    """Give the last sentences of the audit about an event, the newest first."""
    found = here.sql(
        f"SELECT description FROM audit_auditentry WHERE event = '{event}' ORDER BY id DESC LIMIT 9",  # noqa: S608
        database="portal",
    )
    return found.splitlines()


def test_the_audit_has_the_address_of_whoever_logs_in(served: operating.Operator) -> None:
    with served.browser(source=OUTSIDE) as browser:
        browser.log_in("mara", operating.PASSWORD)
        assert "Customers" in browser.get("/customers/").content.decode()
    assert OUTSIDE in told(served, "Logged in")[0]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Forwarded-For": "203.0.113.5"},
        {"X-Forwarded-For": "203.0.113.5, 127.0.0.1"},
        {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http"},
        {"X-Forwarded-Proto": "http, https", "Forwarded": "for=203.0.113.5;proto=http"},
        {"X-Real-IP": "203.0.113.5", "True-Client-IP": "203.0.113.5"},
    ],
    ids=lambda headers: " ".join(headers),
)
def test_what_a_client_says_of_its_own_address_counts_for_nothing(
    served: operating.Operator, headers: dict[str, str]
) -> None:
    source = f"127.0.1.{len(str(headers))}"
    with served.browser(source=source) as browser:
        answer = browser.get("/log-in/", headers=headers)
        # Neither a redirect to https, nor http: it came by https.
        assert "max-age=31536000" in answer.headers["Strict-Transport-Security"]
        form = next(form for form in pages.forms(answer) if "password" in form.fields)
        browser.post("/log-in/", form.data(login="nobody-here", password="wrong"), headers=headers)
    assert source in told(served, "Log-in failed")[0]


def test_http_leads_to_https_and_other_names_lead_nowhere(served: operating.Operator) -> None:
    line = machines.Connection(served.machine, host=operating.NAME, port=80, source=OUTSIDE)
    line.request("GET", "/customers/?q=a")
    answer = line.getresponse()
    assert answer.status == 301
    assert answer.headers["Location"] == f"https://{operating.NAME}/customers/?q=a"
    line.close()
    with served.browser() as browser:
        with pytest.raises(http.client.RemoteDisconnected):
            browser.get("/log-in/", headers={"Host": "evil.example"})
        browser._line.host = "evil.example"
        with pytest.raises(OSError, match="unrecognized name|alert"):
            browser._line.connect()


def test_what_is_too_long_is_refused_before_it_is_read(served: operating.Operator) -> None:
    with served.browser() as browser:
        line = browser._line
        line.putrequest("POST", "/log-in/")
        line.putheader("Content-Length", "1500000000")
        line.endheaders()
        assert line.getresponse().status == 413


def test_cookies_are_for_https_and_forms_from_elsewhere_are_refused(served: operating.Operator) -> None:
    with served.browser() as browser:
        answer = browser.get("/log-in/")
        assert "Secure" in answer.headers["Set-Cookie"]
        form = next(form for form in pages.forms(answer) if "password" in form.fields)
        data = form.data(login="mara", password=operating.PASSWORD)
        elsewhere = {"Referer": "https://evil.example/", "Origin": "https://evil.example"}
        browser.post("/log-in/", data, wanted=403, headers=elsewhere)


def test_nobody_comes_from_outside_to_the_portal_itself(served: operating.Operator) -> None:
    assert served.machine.answers(8000)
    assert not served.machine.answers(8000, host=operating.HOSTS["db2.example"])


# ---- Starts that are refused ------------------------------------------------------------------------------------


def test_starts_that_are_refused_are_one_sentence(odd: operating.Operator) -> None:
    for case, answer in odd.starts({case: changed for case, (changed, _) in refused.CASES.items()}).items():
        _, sentence = refused.CASES[case]
        assert (answer.returncode, answer.stdout) == (1, ""), (case, answer)
        assert answer.stderr.startswith(sentence), (case, answer)
        assert answer.stderr.count("\n") == 1, (case, answer)
        assert not any(secret in answer.stderr for secret in refused.SECRETS), (case, answer)


def test_a_start_whose_static_files_are_of_another_version_is_refused(odd: operating.Operator) -> None:
    """By `./run` itself, as all starts are that go well."""
    style = odd.machine.at("/opt/portal/static/css/portal.css")
    kept = style.read_text()
    style.write_text(f"{kept}\n")
    changed = "PORTAL_DATA=/srv/closed PORT=8001"
    line = f"set -a; . /etc/portal/environment; {changed}; exec runuser -u portal -- /opt/portal/run"
    done = odd.machine.run("sh", "-euc", line)
    style.write_text(kept)
    assert (done.returncode, done.stdout) == (1, ""), done.stderr
    assert done.stderr == (
        "The static files can't be prepared in /srv/closed/static: Permission denied. Let the code's owner do "
        "./run install, or set PORTAL_DATA to a directory of your own.\n"
    )


def test_it_starts_in_a_directory_that_is_gone(odd: operating.Operator) -> None:
    gone = "mkdir /tmp/gone; cd /tmp/gone; rmdir /tmp/gone"
    environment = "set -a; . /etc/portal/environment; PORT=8002 WEB_CONCURRENCY=1"
    line = f"{gone}; {environment}; exec setpriv --reuid=portal --regid=portal --init-groups /opt/portal/run"
    started = odd.machine.start("sh", "-euc", line, log="/run/gone.log")
    assert eventually(lambda: started.poll() is not None or odd.status("/healthz", port=8002) == 200)
    assert "Traceback" not in odd.log("gone")
    assert odd.machine.end(started) == 0, odd.log("gone")


# ---- Failover ---------------------------------------------------------------------------------------------------


def test_the_address_names_a_server_that_is_down_and_one_that_takes_writes(served: operating.Operator) -> None:
    url = hardened.environment([str(served.machine.at("/etc/portal/environment"))])["DATABASE_URL"]
    hosts = re.findall(r"[\w.]+\.example", url.split("/")[2])
    up = [served.machine.answers(5432, host=operating.HOSTS[host]) for host in hosts]
    assert up == [False, True]
    assert served.status("/readyz") == 200


# ---- PgBouncer --------------------------------------------------------------------------------------------------


def test_a_termination_goes_through_the_pooler(bounced: operating.Operator) -> None:
    before = bounced.sql("SELECT count(*) FROM subscriptions_termination", database="portal")
    with bounced.browser(source=OUTSIDE) as browser:
        browser.log_in("mara", operating.PASSWORD)
        # Often enough that statements are prepared.
        for _ in range(20):
            browser.get("/customers/")
        shown = walk.to_choice(browser, one_customer.SUBSCRIPTION)
        assert "terminated." in pages.words(walk.apply(browser, shown["choice"]))
    assert before == "0"
    assert bounced.sql("SELECT count(*) FROM subscriptions_termination", database="portal") == "1"
    assert "Traceback" not in bounced.log("portal")
    assert "prepared statement" not in bounced.log("portal")


def test_each_connection_of_the_server_comes_from_the_pooler_with_its_limits(bounced: operating.Operator) -> None:
    with bounced.browser() as browser:
        browser.get("/log-in/")
    assert bounced.sql("SELECT DISTINCT usename FROM pg_stat_activity WHERE application_name = 'portal'") == (
        "portal_web"
    )
    ask = "SELECT setting FROM pg_settings WHERE name = ANY(%s) ORDER BY name"
    names = ["idle_in_transaction_session_timeout", "lock_timeout", "statement_timeout", "synchronize_seqscans"]
    cursor = "from django.db import connection as c; k = c.cursor()"
    verify = "from django.core.management import call_command; call_command('verify_ledger', '--json')"
    code = f"{cursor}; k.execute({ask!r}, [{names!r}]); print(k.fetchall()); {verify}"
    limits, verified = bounced.through_the_pooler("shell", "--no-imports", "-c", code).splitlines()
    assert limits == "[('30000',), ('10000',), ('15000',), ('off',)]"
    # The ledger is verified through the pooler as well.
    assert json.loads(verified)["faults"] == []


# ---- Backup -----------------------------------------------------------------------------------------------------


def test_what_was_restored_is_what_was_dumped(restored: operating.Operator) -> None:
    assert "customers_organisation|1" in restored.counts["portal"]
    assert restored.counts["portal"] == restored.counts["portal_before"]
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    assert restored.sql(owners, database="portal") == "portal"


def test_no_dump_is_made_of_books_that_do_not_agree(restored: operating.Operator) -> None:
    before = restored.machine.does("ls", "/var/backups/portal")
    restored.sql("ALTER TABLE customers_ledgerentry DISABLE TRIGGER USER", database="portal")
    done = restored.machine.run("portal-backup")
    restored.sql("ALTER TABLE customers_ledgerentry ENABLE TRIGGER USER", database="portal")
    assert done.returncode == 1
    assert "customers_ledgerentry" in done.stdout
    assert restored.machine.does("ls", "/var/backups/portal") == before
