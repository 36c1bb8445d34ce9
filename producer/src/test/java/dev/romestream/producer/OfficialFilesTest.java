package dev.romestream.producer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.romestream.messaging.config.RomeConfig;
import dev.romestream.messaging.config.Settings;
import dev.romestream.producer.OfficialFiles.Download;
import dev.romestream.schemas.DatasetSpec;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OfficialFilesTest {
    @TempDir
    private Path directory;

    private final Map<String, byte[]> served = new ConcurrentHashMap<>();
    private HttpServer server;

    @BeforeEach
    void serve() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            byte[] body = served.get(exchange.getRequestURI().getPath().substring(1));
            try (exchange) {
                exchange.sendResponseHeaders(body == null ? 404 : 200, body == null ? -1 : body.length);
                if (body != null) {
                    exchange.getResponseBody().write(body);
                }
            }
        });
        server.start();
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private static String checksum(String algorithm, byte[] bytes) throws Exception {
        return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(bytes));
    }

    private static byte[] archive(Map<String, String> files) throws IOException {
        var bytes = new ByteArrayOutputStream();
        try (var tar = new TarArchiveOutputStream(new GZIPOutputStream(bytes))) {
            for (Map.Entry<String, String> file : files.entrySet()) {
                byte[] content = file.getValue().getBytes(StandardCharsets.UTF_8);
                var entry = new TarArchiveEntry(file.getKey(), true);
                entry.setSize(content.length);
                tar.putArchiveEntry(entry);
                tar.write(content);
                tar.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private OfficialFiles files(String name, String checksum) {
        String address = "http://localhost:" + server.getAddress().getPort() + "/" + name;
        return new OfficialFiles(List.of("official"), "data_", List.of(new Download(address, checksum)));
    }

    private List<String> left() throws IOException {
        try (Stream<Path> all = Files.walk(directory)) {
            return all.filter(Files::isRegularFile)
                    .map(file -> directory.relativize(file).toString())
                    .sorted()
                    .toList();
        }
    }

    @Test
    void anArchiveIsFetchedCheckedAndUnpackedIntoItsFolder() throws Exception {
        served.put(
                "set.tar.gz",
                archive(Map.of("folder/data_1.bin", "one", "../../data_2.bin", "two", "/etc/.hidden", "three")));
        OfficialFiles files = files("set.tar.gz", checksum("SHA-256", served.get("set.tar.gz")));
        assertThat(files.find(directory)).isEmpty();
        Path folder = files.fetch(directory, text -> {}, () -> false);
        assertThat(left()).containsExactly("official/data_1.bin", "official/data_2.bin");
        assertThat(Files.readString(folder.resolve("data_2.bin"))).isEqualTo("two");
        assertThat(files.find(directory)).contains(folder);
        assertThat(files.find(folder)).contains(folder);
    }

    @Test
    void filesOfTheirOwnAreKeptAsTheyAre() throws Exception {
        served.put("data_x.gz", new byte[3 << 20]);
        List<String> told = new ArrayList<>();
        files("data_x.gz", checksum("MD5", served.get("data_x.gz"))).fetch(directory, told::add, () -> false);
        assertThat(directory.resolve("official/data_x.gz")).hasSize(3 << 20);
        assertThat(told).contains("fetching data_x.gz, 3 of 3 MiB");
    }

    @Test
    void whatIsNotWhatWasPublishedIsNotKept() throws Exception {
        served.put("set.tar.gz", "<html>log in</html>".getBytes(StandardCharsets.UTF_8));
        assertThatThrownBy(() -> files("set.tar.gz", "0".repeat(64)).fetch(directory, text -> {}, () -> false))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("published is 000000")
                .hasMessageContaining("a proxy or a login page");
        String ofPage = checksum("SHA-256", served.get("set.tar.gz"));
        assertThatThrownBy(() -> files("set.tar.gz", ofPage).fetch(directory, text -> {}, () -> false))
                .hasMessageContaining("cannot unpack set.tar.gz");
        assertThatThrownBy(() -> files("none.gz", ofPage).fetch(directory, text -> {}, () -> false))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("none.gz")
                .hasMessageContaining("by other means");
        server.stop(0);
        assertThatThrownBy(() -> files("set.tar.gz", ofPage).fetch(directory, text -> {}, () -> false))
                .hasMessageContaining("ConnectException");
        assertThat(left()).isEmpty();
    }

    @Test
    void nothingIsFetchedUnlessItIsSaid() {
        assertThatThrownBy(
                        () -> new Sources(RomeConfig.of(Map.of(Settings.DATA_DIR, directory.toString())), () -> false)
                                .load(DatasetSpec.newBuilder().setName("mnist").build(), text -> {}))
                .isInstanceOf(SourceException.class)
                .hasMessageContaining("MNIST/raw or MNIST")
                .hasMessageContaining("data.download=true");
    }
}
