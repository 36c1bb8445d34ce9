// Follows robustness-latest; with an experiment's id and a seed, starts that experiment with another seed before.
//   npm install && node robustness.mjs localhost:9092 http://localhost:8081 [EXPERIMENT SEED]
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";

const [brokers = "localhost:9092", host = "http://localhost:8081", original, seed] = process.argv.slice(2);
if (original !== undefined && !/^\d+$/.test(seed ?? "")) {
  console.error("Give the experiment's id and a seed, or neither.");
  process.exit(2);
}
const kafka = new Kafka({ clientId: "notebook", brokers: brokers.split(","), logLevel: logLevel.ERROR });
const registry = new SchemaRegistry({ host });

async function follow(topic, each) {
  const consumer = kafka.consumer({ groupId: `notebook-${topic}-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ partition, message }) => each(message, partition) });
  return consumer;
}

/** The newest record of an experiment, as bytes: all that is on the topic now is read. */
async function experimentRecord(id) {
  const topic = "rome.experiments";
  const admin = kafka.admin();
  await admin.connect();
  const ahead = new Map((await admin.fetchTopicOffsets(topic)).filter(end => end.high !== end.low).map(end => [end.partition, BigInt(end.high)]));
  await admin.disconnect();
  let newest = null;
  if (ahead.size) {
    let consumer;
    await new Promise((resolve, reject) => {
      consumer = follow(topic, (message, partition) => {
        if (message.key?.toString() === id) newest = message.value;
        if (BigInt(message.offset) + 1n >= ahead.get(partition)) ahead.delete(partition);
        if (!ahead.size) resolve();
      });
      consumer.catch(reject);
    });
    await (await consumer).disconnect();
  }
  if (newest === null) throw new Error(`There is no experiment ${id}.`);
  return newest;
}

if (original !== undefined) {
  // the record as it is, changed in one place, under another id; its schema is the one that it was written with
  const record = await experimentRecord(original);
  const id = `${original}-${seed}`;
  const experiment = { ...await registry.decode(record), id, seed: Number(seed), desiredState: "RUN", run: 1 };
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: "rome.experiments", messages: [{ key: id, value: await registry.encode(record.readInt32BE(1), experiment) }] });
  await producer.disconnect();
  console.log("started", id);
}
await follow("rome.robustness-latest", async message => {
  if (!message.value) return;
  const figure = await registry.decode(message.value);
  console.log(message.key.toString(), "clean", figure.clean.accuracy, "I-RR", figure.irr, figure.complete ? "complete" : "so far");
});
