"""Follows robustness-latest: prints each figure as it changes.

    pip install confluent-kafka avro
    python docs/read_metrics.py localhost:9092 http://localhost:8081
"""
import io
import json
import struct
import sys
import urllib.request

import avro.io
import avro.schema
from confluent_kafka import Consumer

brokers, registry = sys.argv[1:3]
schemas = {}


def decode(value):
    """Confluent's wire format: a zero byte, the schema's id, Avro."""
    _, number = struct.unpack(">bI", value[:5])
    if number not in schemas:
        with urllib.request.urlopen(f"{registry}/schemas/ids/{number}") as answer:
            schemas[number] = avro.schema.parse(json.load(answer)["schema"])
    return avro.io.DatumReader(schemas[number]).read(avro.io.BinaryDecoder(io.BytesIO(value[5:])))


consumer = Consumer({"bootstrap.servers": brokers, "group.id": "notebook", "auto.offset.reset": "earliest",
                     "enable.auto.commit": False, "isolation.level": "read_committed"})
consumer.subscribe(["rome.robustness-latest"])
while True:
    record = consumer.poll(1.0)
    if record is None or record.error() or record.value() is None:
        if record is not None and record.error():
            print(record.error(), file=sys.stderr)
        continue
    figure = decode(record.value())
    print(record.key().decode(), "clean", figure["clean"]["accuracy"], "I-RR", figure["irr"], figure["irrInterval"],
          "complete" if figure["complete"] else "so far", flush=True)
