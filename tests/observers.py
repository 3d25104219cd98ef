"""Tools that observe an API: run in a project, this prints what one sees of some requests.

The tool and the kind of app, `plain` or `secured`, are the arguments. Nothing leaves the process.
"""
# mypy: disable-error-code="import-not-found, misc"

import json
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

TRUSTED = "https://app.example.com"
EXCLUDED = "/excluded"
REQUESTS = {
    ("GET", "/items/1?page=1"): 200,
    ("GET", "/items/word"): 422,
    ("POST", "/items/1"): 405,
    ("GET", "/nested/items/1"): 200,
    ("GET", "/mounted/items/1"): 200,
    ("GET", "/background"): 200,
    ("GET", "/denied"): 403,
    ("GET", "/failure"): 500,
    ("GET", "/no-route"): 404,
    ("GET", EXCLUDED): 200,
}
"""What is requested, and the status of the response."""

UNSTABLE = re.compile(
    r"(.*[._])?(id|ids|pid|argv|context|(start_|end_)?time(stamp|_unix_nano)?)|traceparent|"
    r"stacktrace|thread[._].*|sent_at|server_name|modules|sdk|exemplars|"
    r"sum|min|max|bucket_counts|explicit_bounds|scale|zero_.*|positive|negative"
)
"""Names of what differs from one run to the next: identifiers and times."""


def create(kind: str, **options: Any) -> Any:
    """Return an app with routes; imported here, because some tools have to come before it."""
    from fastapi import APIRouter, BackgroundTasks, FastAPI, HTTPException, WebSocket

    app = FastAPI(redirect_slashes=False, **options)
    if kind == "secured":
        from hello_api.cors import SecuredFastAPI, load_policy

        app = SecuredFastAPI(load_policy("production"), **options)
    router = APIRouter()

    @router.get("/items/{item_id}")
    async def read_item(item_id: int) -> dict[str, int]:
        return {"item_id": item_id}

    @app.get("/background")
    def start_task(tasks: BackgroundTasks) -> str:
        tasks.add_task(lambda: None)
        return "started"

    @app.get("/denied")
    async def deny() -> None:
        raise HTTPException(403, "Denied")

    @app.get("/failure")
    async def fail() -> None:
        message = "It failed"
        raise RuntimeError(message)

    @app.get(EXCLUDED)
    async def read_excluded() -> str:
        return "excluded"

    @app.websocket("/socket")
    async def greet(websocket: WebSocket) -> None:
        await websocket.accept()
        await websocket.send_text("Hello")
        await websocket.close()

    app.include_router(router)
    app.include_router(router, prefix="/nested")
    mounted = FastAPI()
    mounted.include_router(router)
    app.mount("/mounted", mounted)
    return app


def ask(app: Any) -> dict[str, list[Any]]:
    """Send the requests of no page and of a trusted one; return statuses, and who may read them."""
    from fastapi.testclient import TestClient

    responses = []
    with TestClient(app, raise_server_exceptions=False) as client:
        for headers in ({}, {"Origin": TRUSTED}):
            responses += [client.request(*request, headers=headers) for request in REQUESTS]
            with client.websocket_connect("/socket", headers=headers) as socket:
                socket.receive_text()
    return {
        "statuses": [x.status_code for x in responses],
        "granted": [x.headers.get("Access-Control-Allow-Origin") for x in responses],
    }


def stable(value: Any) -> Any:
    """Return what a tool saw without what differs from one run to the next."""
    if isinstance(value, Mapping):
        return {x: stable(y) for x, y in value.items() if not UNSTABLE.fullmatch(x)}
    if isinstance(value, list | tuple):
        return [stable(x) for x in value]
    return value


class OpenTelemetry:
    """Providers of OpenTelemetry that keep what they are given."""

    def __init__(self) -> None:
        from opentelemetry.sdk._logs import LoggerProvider
        from opentelemetry.sdk._logs.export import (
            InMemoryLogRecordExporter,
            SimpleLogRecordProcessor,
        )
        from opentelemetry.sdk.metrics.export import InMemoryMetricReader
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor
        from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

        self.spans, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.logs = InMemoryLogRecordExporter()
        self.processor = SimpleSpanProcessor(self.spans)
        self.tracer_provider = TracerProvider()
        self.tracer_provider.add_span_processor(self.processor)
        self.logger_provider = LoggerProvider()
        self.logger_provider.add_log_record_processor(SimpleLogRecordProcessor(self.logs))

    @property
    def meter_provider(self) -> Any:
        """The provider of metrics; a reader can have one only, and logfire brings its own."""
        from opentelemetry.sdk.metrics import MeterProvider

        return MeterProvider([self.reader])

    def seen(self) -> dict[str, Any]:
        """Return spans with the names of their parents, metrics, and logs."""
        spans = [json.loads(span.to_json()) for span in self.spans.get_finished_spans()]
        names = {span["context"]["span_id"]: span["name"] for span in spans}
        metrics = self.reader.get_metrics_data()
        return {
            "spans": [{**x, "parent": names.get(x["parent_id"])} for x in spans],
            "metrics": json.loads(metrics.to_json()) if metrics else None,
            "logs": [json.loads(x.to_json()) for x in self.logs.get_finished_logs()],
        }


def hooks(called: list[str]) -> dict[str, Callable[..., None]]:
    """Return hooks that note that they are called, and with what."""

    def on_request(span: Any, scope: Mapping[str, Any]) -> None:
        span.set_attribute("hook", scope["path"])
        called.append(f"request {scope['path']}")

    def on_receive(_: Any, scope: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        called.append(f"{message['type']} {scope['path']}")

    return {
        "server_request_hook": on_request,
        "client_request_hook": on_receive,
        "client_response_hook": on_receive,
    }


def opentelemetry(kind: str) -> Any:
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    telemetry, called = OpenTelemetry(), list[str]()
    app = create(kind)
    FastAPIInstrumentor.instrument_app(
        app,
        tracer_provider=telemetry.tracer_provider,
        meter_provider=telemetry.meter_provider,
        excluded_urls=EXCLUDED,
        http_capture_headers_server_request=[".*"],
        http_capture_headers_server_response=[".*"],
        **hooks(called),
    )
    return {**ask(app), "seen": telemetry.seen(), "called": called}


def opentelemetry_without_code(kind: str) -> Any:
    """As the command `opentelemetry-instrument` does: before the app is imported."""
    from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

    telemetry, called = OpenTelemetry(), list[str]()
    FastAPIInstrumentor().instrument(
        tracer_provider=telemetry.tracer_provider,
        meter_provider=telemetry.meter_provider,
        excluded_urls=EXCLUDED,
        **hooks(called),
    )
    return {**ask(create(kind)), "seen": telemetry.seen(), "called": called}


def logfire(kind: str) -> Any:
    import logfire

    telemetry, called = OpenTelemetry(), list[str]()
    logfire.configure(
        send_to_logfire=False,
        console=False,
        inspect_arguments=False,
        additional_span_processors=[telemetry.processor],
        metrics=logfire.MetricsOptions(additional_readers=[telemetry.reader]),
    )

    def mapped(request: Any, attributes: dict[str, Any]) -> dict[str, Any]:
        called.append(request.url.path)
        return {**attributes, "mapped": request.url.path}

    app = create(kind)
    # The line of code that started a span is that of the innermost middleware of the project.
    logfire.add_non_user_code_prefix("src/hello_api/cors")
    logfire.instrument_fastapi(
        app,
        capture_headers=True,
        request_attributes_mapper=mapped,
        excluded_urls=EXCLUDED,
        record_send_receive=True,
        extra_spans=True,
        **hooks(called),
    )
    return {**ask(app), "seen": telemetry.seen(), "called": called}


def sentry(kind: str) -> Any:
    import sentry_sdk
    from sentry_sdk.transport import Transport

    kept, called = list[Any](), list[str]()

    class Kept(Transport):
        def capture_envelope(self, envelope: Any) -> None:
            kept.extend(item.payload.json for item in envelope.items if item.payload.json)

    def before_send(event: dict[str, Any], _: object) -> dict[str, Any]:
        called.append(event["request"]["url"])
        return event

    def sampled(context: Mapping[str, Any]) -> float:
        return float(context["asgi_scope"]["path"] != EXCLUDED) if "asgi_scope" in context else 0

    sentry_sdk.init(
        "https://key@sentry.invalid/1",
        transport=Kept,
        traces_sampler=sampled,
        before_send=before_send,
        send_default_pii=True,
    )
    return {**ask(create(kind)), "seen": kept, "called": called}


def prometheus(kind: str) -> Any:
    from prometheus_client import CollectorRegistry
    from prometheus_fastapi_instrumentator import Instrumentator
    from prometheus_fastapi_instrumentator.metrics import Info, default

    called = list[str]()

    def noted(info: Info) -> None:
        called.append(f"{info.method} {info.modified_handler} {info.modified_status}")

    registry = CollectorRegistry()
    app = create(kind)
    instrumentator = Instrumentator(
        excluded_handlers=[EXCLUDED],
        should_instrument_requests_inprogress=True,
        registry=registry,
    )
    instrumentator.add(default(registry=registry)).add(noted)
    instrumentator.instrument(app).expose(app)
    responses = ask(app)
    samples = [
        [sample.name, sample.labels, sample.value]
        for metric in registry.collect()
        for sample in metric.samples
        if not re.search(r"seconds_(sum|bucket)|_created$", sample.name)
    ]
    return {**responses, "seen": samples, "called": called}


def fastapi(kind: str) -> Any:
    telemetry, called = OpenTelemetry(), list[str]()

    def excluded(scope: Mapping[str, Any]) -> bool:
        called.append(scope["path"])
        return str(scope["path"]) == EXCLUDED

    app = create(
        kind,
        telemetry={
            "tracer_provider": telemetry.tracer_provider,
            "meter_provider": telemetry.meter_provider,
            "logger_provider": telemetry.logger_provider,
            "exclude": excluded,
        },
    )
    return {**ask(app), "seen": telemetry.seen(), "called": called}


TOOLS: Mapping[str, Callable[[str], Any]] = {
    tool.__name__: tool
    for tool in (fastapi, logfire, opentelemetry, opentelemetry_without_code, prometheus, sentry)
}

if __name__ == "__main__":
    json.dump(stable(TOOLS[sys.argv[1]](sys.argv[2])), sys.stdout, default=str)
