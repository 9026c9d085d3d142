"""Starts the TypeScript kernel as JupyterLab does, runs cells in it, and prints the seconds that each took as one JSON object."""

import json
import sys
import time

from jupyter_client import KernelManager

folder = sys.argv[1]
cells = json.loads(sys.stdin.read())
seconds = {}
begin = time.monotonic()
manager = KernelManager(kernel_name="tslab")
manager.start_kernel(cwd=folder)
client = manager.client()
client.start_channels()
try:
    client.wait_for_ready(timeout=300)
    seconds["ready"] = time.monotonic() - begin
    for name, code in cells.items():
        said = []
        begin = time.monotonic()
        reply = client.execute_interactive(code, timeout=300, output_hook=said.append)
        seconds[name] = time.monotonic() - begin
        if reply["content"]["status"] != "ok":
            sys.exit(f"{name}: {said}")
finally:
    client.stop_channels()
    manager.shutdown_kernel(now=True)
print(json.dumps(seconds))
