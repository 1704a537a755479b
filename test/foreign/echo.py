"""An echo server of Python's websockets, for servers.ts: prints its port, and how its connections ended when stdin ends."""

import asyncio
import collections
import json
import sys

import websockets

open_connections = set()
ended = collections.Counter()


async def echo(ws):
    open_connections.add(ws)
    try:
        async for message in ws:
            await ws.send(message)
    except websockets.ConnectionClosed:
        pass  # ws.close_code says how
    finally:
        open_connections.discard(ws)
        ended[str(ws.close_code)] += 1


async def main():
    async with websockets.serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        print(json.dumps({"port": port, "version": f"websockets {websockets.version.version}"}), flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        for _ in range(200):  # the last ends may be on their way
            if not open_connections:
                break
            await asyncio.sleep(0.05)
        print(json.dumps({"open": len(open_connections), "ended": ended}), flush=True)


asyncio.run(main())
