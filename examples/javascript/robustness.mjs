// Follows robustness-latest; with an experiment's id and a seed, starts that experiment with another seed before.
//   npm install && node robustness.mjs localhost:9092 http://localhost:8081 [EXPERIMENT SEED]
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";

const [brokers = "localhost:9092", host = "http://localhost:8081", original, seed] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "notebook", brokers: brokers.split(","), logLevel: logLevel.ERROR });
const registry = new SchemaRegistry({ host });

async function follow(topic, each) {
  const consumer = kafka.consumer({ groupId: `notebook-${topic}-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => message.value && each(message) });
  return consumer;
}

/** The record of an experiment, as bytes. */
async function experimentRecord(id) {
  let consumer;
  const found = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`There is no experiment ${id}.`)), 30_000).unref();
    consumer = follow("rome.experiments", message => message.key.toString() === id && resolve(message.value));
    consumer.catch(reject);
  });
  try {
    return await found;
  } finally {
    await (await consumer).disconnect();
  }
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
  const figure = await registry.decode(message.value);
  console.log(message.key.toString(), "clean", figure.clean.accuracy, "I-RR", figure.irr, figure.complete ? "complete" : "so far");
});
