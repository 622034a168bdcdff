# SPDX-License-Identifier: Apache-2.0
"""A page in headless Chromium without a network: its DOM, what its console says, its pixels."""

import http.server
import struct
import subprocess
import threading
import zlib

_PROGRAM = "chromium-headless-shell"


class _Proxy(http.server.ThreadingHTTPServer):
    """All that the browser asks of a network comes here and is counted."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        self.asked = []

    def finish_request(self, request, client_address):
        request.settimeout(5)
        self.asked.append(request.recv(4096))


class Page:
    def __init__(self, directory, path, width=1000, height=1400, is_dark=False):
        self.path, self.directory = path, directory
        self._size, self._is_dark = (width, height), is_dark
        self.asked = []

    def _run(self, *options):
        proxy = _Proxy()
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        try:
            return subprocess.run(
                [_PROGRAM, "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
                 "--disable-background-networking", "--disable-component-update",
                 f"--user-data-dir={self.directory}/chromium", f"--window-size={self._size[0]},{self._size[1]}",
                 f"--blink-settings=preferredColorScheme={0 if self._is_dark else 1}",
                 f"--proxy-server=127.0.0.1:{proxy.server_port}", "--proxy-bypass-list=<-loopback>",
                 "--enable-logging=stderr", *options, f"file://{self.path}"],
                check=True, capture_output=True, text=True, timeout=120)
        finally:
            proxy.shutdown()
            thread.join()
            proxy.server_close()
            self.asked += proxy.asked

    def dom(self):
        """The document as the browser understood it, and the lines that its console got."""
        done = self._run("--dump-dom")
        return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]

    def pixels(self):
        """How many pixels have which colour (red, green, blue)."""
        picture = f"{self.directory}/page.png"
        self._run(f"--screenshot={picture}")
        with open(picture, "rb") as file:
            return _colours(file.read())


def _colours(data):
    """Of an 8-bit RGB or RGBA PNG without interlacing."""
    at, packed = 8, b""
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            width, height, _, colour = struct.unpack(">IIBB", body[:10])
        packed += body if kind == b"IDAT" else b""
        at += length + 12
    depth = 4 if colour == 6 else 3
    raw, stride = zlib.decompress(packed), width * depth
    before, counts = bytearray(stride), {}
    for row in range(height):
        begin = row * (stride + 1)
        line = _unfilter(raw[begin], bytearray(raw[begin + 1:begin + 1 + stride]), before, depth)
        for i in range(0, stride, depth):
            pixel = tuple(line[i:i + 3])
            counts[pixel] = counts.get(pixel, 0) + 1
        before = line
    return counts


def _unfilter(kind, line, before, depth):
    for i in range(len(line)):
        left = line[i - depth] if i >= depth else 0
        up, corner = before[i], before[i - depth] if i >= depth else 0
        if kind == 1:
            line[i] = (line[i] + left) & 255
        elif kind == 2:
            line[i] = (line[i] + up) & 255
        elif kind == 3:
            line[i] = (line[i] + (left + up) // 2) & 255
        elif kind == 4:
            guess = left + up - corner
            nearest = min((abs(guess - each), n) for n, each in enumerate((left, up, corner)))[1]
            line[i] = (line[i] + (left, up, corner)[nearest]) & 255
    return line
