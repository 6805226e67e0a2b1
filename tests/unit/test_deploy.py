"""The files of deploy/: valid, closed to other machines, without secrets, true to the project."""

import re
from importlib import import_module
from pathlib import Path
from runpy import run_path
from typing import Any

import click
import compose_spec
import dagster as dg
import pytest
import yaml
from dagster._cli import cli as dagster_cli
from dagster._daemon.cli import cli as daemon_cli

from pipelines.definitions import definitions
from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"
SERVICES = ("postgres", "code", "webserver", "daemon")
FOLDER = "/srv/duibiao"


def read(name: str) -> Any:
    return yaml.safe_load((DEPLOY / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = read("compose.yaml")
    return found


@pytest.fixture(scope="module")
def chart() -> dict[str, Any]:
    found: dict[str, Any] = read("helm-values.yaml")
    return found


def test_compose_keeps_the_specification() -> None:
    options = compose_spec.PyOptions()
    options.apply_merge = True
    text = (DEPLOY / "compose.yaml").read_text(encoding="utf-8")
    options.from_yaml(text).validate()
    with pytest.raises(ValueError, match="extension key `prots`"):  # it does refuse
        options.from_yaml(text.replace("ports:", "prots:"))


def test_only_the_webserver_has_a_port_and_only_on_this_machine(compose: dict[str, Any]) -> None:
    assert tuple(compose["services"]) == SERVICES
    ports = {name: service.get("ports", []) for name, service in compose["services"].items()}
    assert ports.pop("webserver") == ["127.0.0.1:3000:3000"]
    assert not any(ports.values())
    assert not any("network_mode" in service for service in compose["services"].values())


def test_passwords_come_from_the_environment_and_have_no_default() -> None:
    for path in sorted(DEPLOY.iterdir()):
        for line in path.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if "password" in key.lower() and not key.lstrip().startswith(("#", "helm")):
                assert re.match(
                    r'\s*("\$\{DUIBIAO_PG_PASSWORD:\?|\{env: DUIBIAO_PG_PASSWORD\}|false$)', value
                ), f"{path.name}: {line}"
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/deploy/.env" in ignored


def test_every_process_knows_the_database(compose: dict[str, Any]) -> None:
    asked = set(re.findall(r"env: (\w+)", (DEPLOY / "dagster.yaml").read_text(encoding="utf-8")))
    for name in ("code", "webserver", "daemon"):
        assert asked <= set(compose["services"][name]["environment"]), name


def test_mounts_exist_and_meet_what_the_image_expects(compose: dict[str, Any]) -> None:
    seen = set()
    for service in compose["services"].values():
        for mount in service["volumes"]:
            source, target = mount.split(":")[:2]
            seen.add((source, target))
            if source.startswith("."):
                assert (DEPLOY / source).exists(), mount
            else:
                assert source in compose["volumes"], mount
    assert ("../data", f"{FOLDER}/data") in seen
    dockerfile = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    assert f"DUIBIAO_ROOT={FOLDER} " in dockerfile
    assert "DAGSTER_HOME=/srv/dagster" in dockerfile
    assert ("./dagster.yaml", "/srv/dagster/dagster.yaml") in seen
    for name in ("code", "webserver", "daemon"):
        assert "home:/srv/dagster" in compose["services"][name]["volumes"]


def test_the_image_copies_what_there_is_and_no_data() -> None:
    copied = [
        source
        for line in (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
        if line.startswith("COPY ")
        for source in line.split()[1:-1]
    ]
    assert {"pipelines", "assets", "schemas", "constraints", "docs"} <= set(copied)
    for source in copied:
        assert (ROOT / source).exists(), source
        assert not source.startswith((".", "data")), source


def parameters(cli: click.Command, arguments: list[str]) -> dict[str, Any]:
    """What Dagster's own command line understands, without doing it."""
    context = cli.make_context(arguments[0], arguments[1:])
    while isinstance(context.command, click.Group):
        rest = [*context._protected_args, *context.args]
        name, command, left = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, left, parent=context)
    return context.params


def test_commands_are_dagsters_and_name_what_there_is(compose: dict[str, Any]) -> None:
    services = compose["services"]
    code = parameters(dagster_cli, services["code"]["command"])
    assert hasattr(import_module(code["module_name"]), "defs")
    daemon = parameters(daemon_cli, services["daemon"]["command"])
    assert (ROOT / daemon["workspace"][0]).is_file()
    health = parameters(dagster_cli, services["code"]["healthcheck"]["test"][1:])
    (location,) = read("workspace.yaml")["load_from"]
    server = location["grpc_server"]
    assert server["host"] in services
    assert server["port"] == code["port"] == health["port"]
    # Its package is in the extra `ui`, which tests do without.
    webserver = services["webserver"]["command"]
    assert webserver[0] == "dagster-webserver"
    assert webserver[webserver.index("--workspace") + 1] == daemon["workspace"][0]


def test_the_chart_gets_the_projects_module_and_its_data(chart: dict[str, Any]) -> None:
    (code,) = chart["dagster-user-deployments"]["deployments"]
    arguments = ["code-server", "start", "--port", str(code["port"]), *code["codeServerArgs"]]
    module = parameters(dagster_cli, ["dagster", *arguments])["module_name"]
    assert import_module(module).defs is definitions()
    assert code["includeConfigInLaunchedRuns"] == {"enabled": True}
    (volume,), (mount,) = code["volumes"], code["volumeMounts"]
    assert volume["name"] == mount["name"]
    assert mount["mountPath"] == f"{FOLDER}/data"
    assert chart["runLauncher"]["type"] == "K8sRunLauncher"
    assert chart["telemetry"] == {"enabled": False}
    assert chart["generatePostgresqlPasswordSecret"] is False


def test_the_job_elsewhere_takes_its_settings_from_a_file_and_leaves_the_night_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "run.yaml"
    settings.write_text("execution: {config: {max_concurrent: 2}}", encoding="utf-8")
    monkeypatch.setenv("DUIBIAO_EXECUTOR", "processes")
    monkeypatch.setenv("DUIBIAO_RUN_CONFIG", str(settings))
    defs: dg.Definitions = run_path(str(DEPLOY / "elsewhere.py"))["defs"]
    job = defs.resolve_job_def("nightly_elsewhere")
    assert job.run_config == {"execution": {"config": {"max_concurrent": 2}}}
    night = defs.resolve_job_def("nightly")
    assert night.executor_def.name == "in_process"
    assert set(job.graph.node_dict) == set(night.graph.node_dict)
    schedule = defs.resolve_schedule_def("elsewhere_at_two")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.execution_timezone == "Asia/Shanghai"


def test_versions_are_the_projects() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    dagster = re.search(r'"dagster==([\d.]+)"', project)
    library = re.search(r'"dagster-postgres==([\d.]+)"', project)
    assert dagster is not None
    assert library is not None
    said = "".join(
        path.read_text(encoding="utf-8")
        for path in (DEPLOY / "helm-values.yaml", DEPLOY / "Dockerfile", ROOT / "docs/deploy.md")
    )
    assert set(re.findall(r"--version ([\d.]+\d)", said)) == {dagster[1]}
    assert set(re.findall(r"dagster-(?:k8s|celery)==([\d.]+\d)", said)) == {library[1]}


def test_both_configurations_speak_the_driver_that_is_installed(chart: dict[str, Any]) -> None:
    scheme = read("dagster.yaml")["storage"]["postgres"]["postgres_db"]["scheme"]
    assert scheme == chart["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    assert read("dagster.yaml")["telemetry"] == {"enabled": False}
