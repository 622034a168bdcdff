# SPDX-License-Identifier: Apache-2.0
"""A writer of MaxMind DB files (format 2.0) for tests; as a program it writes the seeds of the fuzzer.

write(path, {"192.0.2.0/24": country("CH"), "2001:db8::/32": country("DE")}) makes a database as they are
sold: IPv4 in an IPv6 tree, the values of networks that say the same once. A member of a record is None,
a str, bool, float, int, bytes, dict or list; Uint16 and the like where the size of a number matters.
"""

import ipaddress
import os
import struct
import sys
import time

MARKER = b"\xab\xcd\xefMaxMind.com"
SEPARATOR_SIZE = 16
POINTER, STRING, DOUBLE, BYTES, UINT16, UINT32, MAP, INT32, UINT64, UINT128, ARRAY = range(1, 12)
BOOLEAN, FLOAT = 14, 15
SEED_TIME = 1750000000


class Uint16(int):
    kind = UINT16


class Uint64(int):
    kind = UINT64


class Pointer(int):
    """An offset into the data section, as it is."""


def country(code, **members):
    return {"country": {"iso_code": code, "names": {"en": code}}, **members}


def city(code, latitude, longitude, radius_km=20):
    """An entry as a file of cities has it: degrees, and how sure it is of them."""
    return country(code, location={"latitude": float(latitude), "longitude": float(longitude),
                                   "accuracy_radius": Uint16(radius_km)})


def asn(number, name="Example"):
    return {"autonomous_system_number": number, "autonomous_system_organization": name}


# ---- values ----

def control(kind, size):
    first = [kind << 5] if kind <= MAP else [0, kind - MAP]
    if size < 29:
        more = b""
    elif size < 285:
        size, more = 29, bytes([size - 29])
    elif size < 65821:
        size, more = 30, (size - 285).to_bytes(2, "big")
    else:
        size, more = 31, (size - 65821).to_bytes(3, "big")
    first[0] |= size
    return bytes(first) + more


def number(kind, value):
    octets = value.to_bytes((value.bit_length() + 7) // 8, "big")
    return control(kind, len(octets)) + octets


def pointer(offset):
    if offset < 1 << 11:
        return bytes([POINTER << 5 | offset >> 8, offset & 255])
    return bytes([POINTER << 5 | 3 << 3]) + offset.to_bytes(4, "big")


def encode(value):
    """The octets of a value in the data section."""
    if isinstance(value, bool):
        return control(BOOLEAN, int(value))
    if isinstance(value, Pointer):
        return pointer(value)
    if isinstance(value, int):
        kind = getattr(value, "kind", INT32 if value < 0 else UINT32 if value < 1 << 32 else UINT64)
        if kind == INT32:
            return control(INT32, 4) + value.to_bytes(4, "big", signed=True)
        return number(kind, value)
    if isinstance(value, float):
        return control(DOUBLE, 8) + struct.pack(">d", value)
    if isinstance(value, bytes):
        return control(BYTES, len(value)) + value
    if isinstance(value, str):
        return control(STRING, len(value.encode())) + value.encode()
    if isinstance(value, list):
        return control(ARRAY, len(value)) + b"".join(encode(item) for item in value)
    return control(MAP, len(value)) + b"".join(encode(k) + encode(v) for k, v in value.items())


# ---- the tree ----

class Tree:
    """Nodes are pairs; a record is None, the number of a node, or (offset,) of a value."""

    def __init__(self, ip_version):
        self.ip_version = ip_version
        self.nodes = [[None, None]]

    def bits(self, network):
        value, length = int(network.network_address), network.prefixlen
        width = network.max_prefixlen
        if network.version == 4 and self.ip_version == 6:
            length, width = length + 96, 128
        return [value >> (width - 1 - i) & 1 for i in range(length)]

    def insert(self, network, record):
        bits = self.bits(network)
        node = 0
        for bit in bits[:-1]:
            after = self.nodes[node][bit]
            if not isinstance(after, int):
                # A longer network inside a shorter one: both halves go on with what was there.
                self.nodes.append([after, after])
                after = self.nodes[node][bit] = len(self.nodes) - 1
            node = after
        self.nodes[node][bits[-1]] = record

    def encode(self, record_size):
        count = len(self.nodes)
        out = bytearray()
        for node in self.nodes:
            left, right = (
                count if r is None else r if isinstance(r, int) else count + SEPARATOR_SIZE + r[0]
                for r in node)
            if record_size == 28:
                out += (left & 0xffffff).to_bytes(3, "big")
                out.append(left >> 24 << 4 | right >> 24)
                out += (right & 0xffffff).to_bytes(3, "big")
            else:
                out += left.to_bytes(record_size // 8, "big") + right.to_bytes(record_size // 8, "big")
        return bytes(out)


def build(networks, database_type="Test-Country", record_size=28, ip_version=6, built=None,
          metadata=None, marker=MARKER):
    """The octets of a database; metadata replaces members, or removes those that are None."""
    data, places, tree = bytearray(), {}, Tree(ip_version)
    for network, value in sorted(((ipaddress.ip_network(n), v) for n, v in networks.items()),
                                 key=lambda item: item[0].prefixlen + 96 * (item[0].version == 4)):
        octets = encode(value)
        if octets not in places:
            places[octets] = len(data)
            data += octets
        tree.insert(network, (places[octets],))
    about = {
        "binary_format_major_version": Uint16(2), "binary_format_minor_version": Uint16(0),
        "build_epoch": Uint64(int(time.time()) if built is None else built),
        "database_type": database_type, "description": {"en": "of tests"},
        "ip_version": Uint16(ip_version), "languages": ["en"], "node_count": len(tree.nodes),
        "record_size": Uint16(record_size), **(metadata or {})}
    about = {name: value for name, value in about.items() if value is not None}
    return tree.encode(record_size) + bytes(SEPARATOR_SIZE) + bytes(data) + marker + encode(about)


def write(path, networks, **options):
    """A file that takes the place of another as `mv` does; returns its path."""
    written = f"{path}.new"
    with open(written, "wb") as file:
        file.write(build(networks, **options))
    os.replace(written, path)
    return path


# ---- seeds ----

def seeds():
    """Name and octets of each: what unit tests read and the fuzzer begins with."""
    places = {"192.0.2.0/24": country("CH"), "198.51.100.0/24": country("DE"),
              "198.51.100.128/25": {"country_code": "FR"}, "203.0.113.0/25": {"continent": {"code": "EU"}},
              "203.0.113.128/25": {"registered_country": {"iso_code": "US"}},
              "2001:db8::/32": country("AT", continent={"code": "EU"})}
    systems = {"192.0.2.0/24": asn(64500), "198.51.100.0/24": asn(Uint16(64501)),
               "203.0.113.0/25": asn(0), "203.0.113.128/25": asn("64502"),
               "198.51.100.128/25": asn(Uint64(1 << 32)), "2001:db8::/32": asn(4294967295)}
    for size in (24, 28, 32):
        yield f"country-{size}.mmdb", build(places, record_size=size, built=SEED_TIME)
        yield f"asn-{size}.mmdb", build(systems, "Test-ASN", record_size=size, built=SEED_TIME)
    v4 = {n: v for n, v in places.items() if ":" not in n}
    yield "country-v4.mmdb", build(v4, ip_version=4, record_size=24, built=SEED_TIME)
    yield "flat.mmdb", build({"192.0.2.0/24": {"country_code": "CH"}}, "country", built=SEED_TIME)
    yield "odd.mmdb", build({"192.0.2.0/25": country("ch"), "192.0.2.128/26": country("CHE"),
                             "192.0.2.192/26": {"country": "CH"}, "198.51.100.0/24": country(b"DE"),
                             "203.0.113.0/24": {"country": {"iso_code": 7}},
                             "2001:db8::/32": country("AT")}, built=SEED_TIME)
    yield "pointers.mmdb", build({"192.0.2.0/24": country("CH"), "198.51.100.0/24": Pointer(0),
                                  "203.0.113.0/24": {"country": Pointer(9)}}, built=SEED_TIME)
    yield "pointer-lost.mmdb", build({"192.0.2.0/24": country("CH"),
                                      "198.51.100.0/24": Pointer(1 << 30)}, built=SEED_TIME)
    yield "version-3.mmdb", build(places, metadata={"binary_format_major_version": Uint16(3)},
                                  built=SEED_TIME)
    yield "no-node-count.mmdb", build(places, metadata={"node_count": None}, built=SEED_TIME)
    yield "nodes-many.mmdb", build(places, metadata={"node_count": 1 << 31}, built=SEED_TIME)
    yield "tree-lost.mmdb", build(places, metadata={"node_count": 40}, built=SEED_TIME)
    whole = build(places, record_size=24, built=SEED_TIME)
    yield "tree-zeros.mmdb", whole[:60] + bytes(60) + whole[120:]
    yield "no-marker.mmdb", build(places, marker=b"", built=SEED_TIME)
    yield "city.mmdb", build({"192.0.2.0/24": {"city": {"names": {"en": "Bern"}}}}, "Test\x1b-City",
                             built=SEED_TIME)
    yield "places.mmdb", build({
        "192.0.2.0/24": city("CH", 46.948, -7.4474), "198.51.100.0/25": city("AU", -33.8688, 151.2093, 1000),
        "198.51.100.128/25": country("DE", location={"latitude": 1.0, "longitude": 2.0}),
        "203.0.113.0/26": city("FR", 90.1, 0), "203.0.113.64/26": city("FR", 1, -180.5),
        "203.0.113.128/26": city("FR", float("nan"), 1), "203.0.113.192/26": city("FR", 0, 0, 0),
        "2001:db8::/32": country("AT", location={"latitude": 4, "longitude": 5.0,
                                                 "accuracy_radius": Uint16(5)})}, built=SEED_TIME)


if __name__ == "__main__":
    for name, octets in seeds():
        with open(os.path.join(sys.argv[1], name), "wb") as file:
            file.write(octets)
