"""How the API responds before a team writes its first route."""

from fastapi.testclient import TestClient


def test_root(client: TestClient) -> None:
    """The API greets."""
    response = client.get("/")
    assert (response.status_code, response.json()) == (200, {"message": "Hello World"})


def test_health(client: TestClient) -> None:
    """Monitors see that the API is running, whether or not they read the body."""
    response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert client.head("/health").status_code == 200
