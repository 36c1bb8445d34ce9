"""Fills a topic with image files: python fill-topic.py TOPIC FOLDER, of FOLDER/train/<class>/ and FOLDER/test/<class>/."""
import pathlib
import sys

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient, NewTopic

topic, folder = sys.argv[1], pathlib.Path(sys.argv[2])
brokers = {"bootstrap.servers": "localhost:9092"}
admin = AdminClient(brokers)
if topic not in admin.list_topics(timeout=10).topics:
    admin.create_topics([NewTopic(topic, 4, 1)])[topic].result()
producer = Producer(brokers)
for file in sorted(folder.glob("*/*/*.*")):
    split, label = file.parts[-3:-1]
    producer.produce(topic, key=label, value=file.read_bytes(), headers={"split": split})
    producer.poll(0)
print(producer.flush(), "images were not taken")
