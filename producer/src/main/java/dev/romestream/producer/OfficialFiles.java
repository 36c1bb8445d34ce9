package dev.romestream.producer;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;

/**
 * The files of data sets as their makers publish them: found where people unpack them, or fetched, with the checksums that are
 * published beside them.
 *
 * @param folders below the data directory in which they are looked for; the first is where they are fetched to
 * @param marker how the name of one of them begins, by which a folder of them is known
 * @param downloads all of them
 */
record OfficialFiles(List<String> folders, String marker, List<Download> downloads) {
    private static final int TIMEOUT_MS = 30_000;
    private static final int BLOCK_BYTES = 1 << 16;
    private static final long MOST_BYTES = 1L << 30;
    private static final int MD5_DIGITS = 32;
    private static final String ARCHIVE = ".tar.gz";

    /** The data sets whose files are known, by name. */
    static final Map<String, OfficialFiles> BY_NAME = Map.of(
            "cifar10",
            new OfficialFiles(
                    List.of("cifar-10-batches-bin"),
                    "data_batch_1.bin",
                    List.of(new Download(
                            "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz",
                            "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"))),
            "cifar100",
            new OfficialFiles(
                    List.of("cifar-100-binary"),
                    "train.bin",
                    List.of(new Download(
                            "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz",
                            "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"))),
            "mnist",
            idx(
                    "MNIST",
                    "https://ossci-datasets.s3.amazonaws.com/mnist/",
                    List.of(
                            "f68b3c2dcbeaaa9fbdd348bbdeb94873",
                            "d53e105ee54ea40749a09fcbcd1e9432",
                            "9fb629c4189551a2d022fa330f9573f3",
                            "ec29112dd5afa0611ce80d1b7f02629c")),
            "fashion-mnist",
            idx(
                    "FashionMNIST",
                    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
                    List.of(
                            "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
                            "25c81989df183df01b3e8a0aad5dffbe",
                            "bef4ecab320f06d8554ea6380940ec79",
                            "bb300cfdad3c16e7a12a480ee83cd310")));

    /**
     * A file to fetch.
     *
     * @param checksum SHA-256 or MD5, hexadecimal
     */
    record Download(String address, String checksum) {
        private String file() {
            return address.substring(address.lastIndexOf('/') + 1);
        }
    }

    private static OfficialFiles idx(String folder, String address, List<String> checksums) {
        List<String> names = List.of(
                "train-images-idx3-ubyte.gz",
                "train-labels-idx1-ubyte.gz",
                "t10k-images-idx3-ubyte.gz",
                "t10k-labels-idx1-ubyte.gz");
        List<Download> downloads = Stream.iterate(0, i -> i < names.size(), i -> i + 1)
                .map(i -> new Download(address + names.get(i), checksums.get(i)))
                .toList();
        return new OfficialFiles(List.of(folder + "/raw", folder), "train-images", downloads);
    }

    /** The folder with the files: the directory itself, or one below it that is named as people name it. */
    Optional<Path> find(Path directory) {
        return Stream.concat(Stream.of(directory), folders.stream().map(directory::resolve))
                .filter(this::hasFiles)
                .findFirst();
    }

    private boolean hasFiles(Path folder) {
        if (!Files.isDirectory(folder)) {
            return false;
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(this::isMarker);
        } catch (IOException e) {
            throw new SourceException("Cannot read the folder " + folder + ": " + e.getMessage(), e);
        }
    }

    private boolean isMarker(Path file) {
        return file.getFileName().toString().startsWith(marker);
    }

    /**
     * Fetches the files.
     *
     * @param tell is told what is under way
     * @param cancelled ends it
     * @return the folder that has them
     * @throws SourceException where one is not to be had, or is another than its checksum says; nothing of it is left then
     */
    Path fetch(Path directory, Consumer<String> tell, BooleanSupplier cancelled) {
        Path folder = directory.resolve(folders.get(0));
        Path whole = null;
        try {
            Files.createDirectories(folder.getParent());
            // the folder is there when all of it is
            whole = Files.createTempDirectory(folder.getParent(), folder.getFileName() + ".part");
            for (Download download : downloads) {
                Path part = whole.resolve(download.file());
                fetch(download, part, tell, cancelled);
                if (download.file().endsWith(ARCHIVE)) {
                    unpack(download, part, whole);
                    Files.delete(part);
                }
            }
            Files.createDirectories(folder);
            List<Path> files = new ArrayList<>(list(whole));
            // who sees the marker sees all
            files.sort(Comparator.comparing(this::isMarker));
            for (Path file : files) {
                Files.move(file, folder.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            return folder;
        } catch (IOException e) {
            throw new SourceException(
                    "Cannot fetch the official files to " + folder + ": " + e
                            + ". Fetch and unpack them there by other means, or see that the network can be reached.",
                    e);
        } finally {
            delete(whole);
        }
    }

    private static List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    private static void delete(Path folder) {
        if (folder == null) {
            return;
        }
        try {
            for (Path file : list(folder)) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException e) {
            throw new SourceException("Cannot delete " + folder + ": " + e.getMessage(), e);
        }
    }

    private static void fetch(Download download, Path part, Consumer<String> tell, BooleanSupplier cancelled)
            throws IOException {
        URL address = URI.create(download.address()).toURL();
        HttpURLConnection connection = (HttpURLConnection) address.openConnection();
        connection.setConnectTimeout(TIMEOUT_MS);
        connection.setReadTimeout(TIMEOUT_MS);
        MessageDigest digest = digest(download.checksum().length() == MD5_DIGITS ? "MD5" : "SHA-256");
        try (InputStream input = connection.getInputStream();
                OutputStream output = Files.newOutputStream(part)) {
            long length = connection.getContentLengthLong();
            byte[] block = new byte[BLOCK_BYTES];
            long bytes = 0;
            long reportedMegabytes = 0;
            for (int read = input.read(block); read >= 0; read = input.read(block)) {
                if (cancelled.getAsBoolean()) {
                    throw new CancellationException("the producer is closing");
                }
                digest.update(block, 0, read);
                output.write(block, 0, read);
                bytes += read;
                if (bytes > MOST_BYTES) {
                    throw new IOException("it has more than " + MOST_BYTES + " bytes");
                }
                if (bytes >> 20 > reportedMegabytes) {
                    reportedMegabytes = bytes >> 20;
                    tell.accept("fetching " + download.file() + ", " + reportedMegabytes
                            + (length > 0 ? " of " + (length >> 20) : "") + " MiB");
                }
            }
        } catch (IOException e) {
            throw new IOException(download.address() + ": " + e, e);
        } finally {
            connection.disconnect();
        }
        String found = HexFormat.of().formatHex(digest.digest());
        if (!found.equals(download.checksum())) {
            throw new SourceException(
                    "What " + download.address() + " gave has the checksum " + found + "; published is "
                            + download.checksum() + ". It was not kept; is a proxy or a login page in between?");
        }
    }

    private static MessageDigest digest(String algorithm) {
        try {
            return MessageDigest.getInstance(algorithm);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("Every Java platform has " + algorithm + ".", e);
        }
    }

    /** The archive's files, without the folders that they are in there. */
    private static void unpack(Download download, Path archive, Path folder) throws IOException {
        try (InputStream file = new BufferedInputStream(Files.newInputStream(archive));
                TarArchiveInputStream tar = new TarArchiveInputStream(new GZIPInputStream(file))) {
            for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
                String name = entry.getName().substring(entry.getName().lastIndexOf('/') + 1);
                if (entry.isFile() && !name.isEmpty() && !name.startsWith(".")) {
                    Files.copy(tar, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
                }
            }
        } catch (IOException e) {
            throw new IOException("cannot unpack " + download.file() + ": " + e.getMessage(), e);
        }
    }
}
