"""The manifests for Kubernetes, where they are asked for."""

import re
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from conftest import ANSWER_SETS, Project, commit, generate, run_cookiecutter
from serving import program

Generated = Callable[[str], Project]

WITH_KUBERNETES = [name for name, x in ANSWER_SETS.items() if "kubernetes" in x.answers]
each_with_kubernetes = pytest.mark.parametrize("name", WITH_KUBERNETES)
VERSION = kubernetes_validate.latest_version()


def validated(manifests: str) -> dict[str, Any]:
    """Check manifests against the schema of Kubernetes; return them by their kind."""
    loaded = list(yaml.safe_load_all(manifests))
    for manifest in loaded:
        kubernetes_validate.validate(manifest, VERSION, strict=True)
    return {manifest["kind"]: manifest for manifest in loaded}


@pytest.mark.parametrize("name", ANSWER_SETS)
def test_only_where_asked_for(generated: Generated, name: str) -> None:
    """There is a folder for Kubernetes if it was asked for, and no empty one if not."""
    assert (generated(name).path / "kubernetes").exists() is (name in WITH_KUBERNETES)


@each_with_kubernetes
def test_overlays(generated: Generated, name: str) -> None:
    """Each deployed environment has an overlay, of the base, that sets APP_ENVIRONMENT."""
    project = generated(name)
    tables = tomllib.loads((project.source / "environments.toml").read_text("utf-8"))
    deployed = [name for name, table in tables.items() if not table.get("local")]
    overlays = project.path / "kubernetes" / "overlays"
    assert [x.name for x in sorted(overlays.glob("*"))] == sorted(deployed)
    readme = (project.path / "README.md").read_text("utf-8")
    assert ("kubectl apply" in readme) is bool(deployed)
    for environment in deployed:
        overlay = yaml.safe_load((overlays / environment / "kustomization.yaml").read_text("utf-8"))
        assert overlay["resources"] == ["../../base"]
        [variables] = overlay["configMapGenerator"]
        assert variables["literals"] == [f"APP_ENVIRONMENT={environment}"]


@each_with_kubernetes
def test_base(generated: Generated, name: str) -> None:
    """The base fits the image: its port and user, a root that is read-only, no privilege."""
    project = generated(name)
    base = project.path / "kubernetes" / "base"
    kinds = validated("---\n".join((base / x).read_text("utf-8") for x in listed(base)))
    assert set(kinds) == {"Deployment", "Service"}
    pod = kinds["Deployment"]["spec"]["template"]["spec"]
    [container] = pod["containers"]
    dockerfile = (project.path / "Dockerfile").read_text("utf-8")
    [port] = container["ports"]
    assert f"EXPOSE {port['containerPort']}" in dockerfile
    assert kinds["Service"]["spec"]["ports"][0]["targetPort"] == port["name"]
    assert pod["enableServiceLinks"] is False
    security = pod["securityContext"]
    assert security["runAsNonRoot"]
    assert f"USER {security['runAsUser']}:{security['runAsGroup']}" in dockerfile
    assert {x["mountPath"] for x in container["volumeMounts"]} == {"/tmp"}  # noqa: S108
    assert [x["emptyDir"] for x in pod["volumes"]] == [{}]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    for probe in "startupProbe", "readinessProbe", "livenessProbe":
        asked = container[probe]["httpGet"]
        assert (asked["path"], asked["port"]) == ("/health", port["name"])
        assert asked["httpHeaders"] == [{"name": "Host", "value": "localhost"}]


def listed(base: Path) -> list[str]:
    """Return the files that a kustomization names."""
    resources: list[str] = yaml.safe_load((base / "kustomization.yaml").read_text("utf-8"))[
        "resources"
    ]
    return resources


@each_with_kubernetes
def test_build(generated: Generated, name: str) -> None:
    """Kustomize builds each overlay, and the API there gets the variables of its environment."""
    kubectl = program("kubectl", "kubernetes-client")
    project = generated(name)
    for overlay in (project.path / "kubernetes" / "overlays").glob("*"):
        built = subprocess.run(
            [kubectl, "kustomize", overlay], capture_output=True, text=True, check=True
        )
        kinds = validated(built.stdout)
        assert kinds["ConfigMap"]["data"] == {"APP_ENVIRONMENT": overlay.name}
        [container] = kinds["Deployment"]["spec"]["template"]["spec"]["containers"]
        variables = kinds["ConfigMap"]["metadata"]["name"]
        assert container["envFrom"][0]["configMapRef"]["name"] == variables
        assert re.fullmatch(rf"{project.path.name}:\d+\.\d+\.\d+", container["image"])


@pytest.mark.parametrize("slug", ["null", "no", "e1"])
def test_name_of_another_meaning(tmp_path: Path, slug: str) -> None:
    """A name that YAML would read as something else is still a name."""
    base = generate(tmp_path / "out", project_slug=slug, kubernetes="yes").path / "kubernetes/base"
    kinds = validated("---\n".join((base / x).read_text("utf-8") for x in listed(base)))
    assert {manifest["metadata"]["name"] for manifest in kinds.values()} == {slug}


def test_overlay_is_kept(tmp_path: Path) -> None:
    """Generating over a project leaves alone what its team has written in an overlay."""
    project = generate(tmp_path / "out", kubernetes="yes")
    overlay = project.path / "kubernetes" / "overlays" / "production" / "kustomization.yaml"
    edited = overlay.read_text("utf-8").replace("0.1.0", "0.2.0")
    overlay.write_text(edited, encoding="utf-8")
    commit(project.path)
    again = ("--no-input", "--overwrite-if-exists")
    assert run_cookiecutter(tmp_path / "out", *again, kubernetes="yes").returncode == 0
    assert overlay.read_text("utf-8") == edited
    assert run_cookiecutter(tmp_path / "out", *again, kubernetes="no").returncode == 0
    assert overlay.read_text("utf-8") == edited
