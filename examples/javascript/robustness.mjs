// Follows robustness-latest, and starts an experiment: the newest one there is, with another seed.
//   npm install && node robustness.mjs localhost:9092 http://localhost:8081 [SEED]
import { SchemaRegistry } from "@kafkajs/confluent-schema-registry";
import { Kafka, logLevel } from "kafkajs";

const [brokers = "localhost:9092", host = "http://localhost:8081", seed] = process.argv.slice(2);
const kafka = new Kafka({ clientId: "notebook", brokers: brokers.split(","), logLevel: logLevel.ERROR });
const registry = new SchemaRegistry({ host });

async function follow(topic, each) {
  const consumer = kafka.consumer({ groupId: `notebook-${topic}-${process.pid}` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ eachMessage: async ({ message }) => message.value && each(message, await registry.decode(message.value)) });
}

if (seed !== undefined) {
  // the record as it is, changed in one place, under another id; its schema is the one that it was written with
  const newest = await new Promise(resolve => follow("rome.experiments", (message, experiment) =>
    resolve({ experiment, schema: message.value.readInt32BE(1) })));
  const id = `${newest.experiment.id}-${seed}`;
  const experiment = { ...newest.experiment, id, seed: Number(seed), desiredState: "RUN", run: 1 };
  const producer = kafka.producer();
  await producer.connect();
  await producer.send({ topic: "rome.experiments", messages: [{ key: id, value: await registry.encode(newest.schema, experiment) }] });
  await producer.disconnect();
  console.log("started", id);
}
await follow("rome.robustness-latest", (message, figure) =>
  console.log(message.key.toString(), "clean", figure.clean.accuracy, "I-RR", figure.irr, figure.complete ? "complete" : "so far"));
