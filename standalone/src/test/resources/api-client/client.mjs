// A client that is generated from the API's own document: lists, reads a metric, submits and stops.
import { OpenAPIClientAxios } from "openapi-client-axios";

const [url, id, file] = process.argv.slice(2);
const api = new OpenAPIClientAxios({ definition: url + "api/openapi.json", withServer: { url: url.replace(/\/$/, "") } });
const client = await api.init();

const { data: lines } = await client.getExperiments();
console.log("listed", lines.map(line => line.id).includes(id));
const { data: figures } = await client.getExperimentsIdFigures({ id });
for (const figure of figures) {
  console.log(`${figure.experiment}/${figure.snapshot}/${figure.victim}/${figure.suite}/${figure.mode} clean ${figure.clean.accuracy} I-RR ${figure.irr} ${figure.complete ? "complete" : "so far"}`);
}
const { data: { ids } } = await client.postExperiments(null, { file });
const { data: state } = await client.postExperimentsIdState({ id: ids[0] }, { state: "stop" });
console.log("asked", state.id === ids[0], state.state);
const refused = await client.postCheck(null, { file: "nonsense: 1" }, { validateStatus: () => true });
console.log("refused", refused.status, refused.data.errors[0].line);
