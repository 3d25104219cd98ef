"""A generated project goes on as before, whatever a team does to its main.py."""

import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest
from conftest import Project
from edits import Edit, added, copied, created, edit_main, wrapped

pytestmark = pytest.mark.xdist_group("composition")

LIFESPAN = '''
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, str]]:
    yield {"database": "connected"}
'''
EDITS: dict[str, Edit] = {
    "dependency of the app": created(
        "dependencies=[Depends(auth.current_subject)]", "from fastapi import Depends"
    ),
    "single-page app": added(
        'app.mount("/", StaticFiles(directory=OPENAPI_FILE.with_name("pages"), html=True))',
        "from fastapi.staticfiles import StaticFiles",
    ),
    "frontend": added('app.frontend("/", directory=OPENAPI_FILE.with_name("pages"))'),
    "HTTPS only": added(
        "app.add_middleware(HTTPSRedirectMiddleware)",
        "from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware",
    ),
    "prefix of a router": {
        "app.include_router(auth.router)": 'app.include_router(auth.router, prefix="/v1")'
    },
    "no root": {'@app.get("/")': ""},
    "health renamed": {'@app.head("/health"': '@app.head("/healthz"', '@app.get("/health")': '@app.get("/healthz")'},
    "documentation": created('openapi_url="/openapi.json"'),
    "lifespan": created("lifespan=lifespan", LIFESPAN),
}
