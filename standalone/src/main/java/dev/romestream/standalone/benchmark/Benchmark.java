package dev.romestream.standalone.benchmark;

import dev.romestream.schemas.DatasetDescriptor;
import dev.romestream.schemas.Experiment;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/** The page that follows from what is kept of a benchmark. */
public final class Benchmark {
    private Benchmark() {}

    /**
     * Writes {@code results.csv}, {@code results.md} and {@code leaderboard.html} of those experiments that have been measured.
     *
     * @param dataset of an experiment, where it is known
     * @return whether there were any
     */
    public static boolean report(
            BenchmarkFolder folder,
            Collection<Experiment> experiments,
            Function<Experiment, Optional<DatasetDescriptor>> dataset) {
        List<BenchmarkRow> rows = new ArrayList<>();
        for (Experiment experiment : experiments) {
            rows.addAll(folder.rows(experiment, () -> dataset.apply(experiment)
                    .map(descriptor -> Math.round(Budget.ofSet(experiment, descriptor)))
                    .orElse(0L)));
        }
        if (rows.isEmpty()) {
            return false;
        }
        String csv = BenchmarkRow.csv(rows);
        folder.write(csv, page(csv), leaderboard(csv));
        return true;
    }

    /** The leaderboard of a {@code results.csv}. */
    static String leaderboard(String csv) {
        return Leaderboard.html(BenchmarkRow.parse(csv));
    }

    /** The page of a {@code results.csv}. */
    static String page(String csv) {
        return BenchmarkReport.markdown(BenchmarkRow.parse(csv));
    }
}
