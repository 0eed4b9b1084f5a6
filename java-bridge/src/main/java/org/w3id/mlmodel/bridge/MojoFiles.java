package org.w3id.mlmodel.bridge;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.zip.ZipFile;

/**
 * What the files of a MOJO count, held against what is there before H2O reads them (HTO-009).
 *
 * <p>H2O makes its arrays by these numbers, and looks for the models of an ensemble where its file says.
 */
final class MojoFiles {
    /** The file that every MOJO, and every model in one, has at its top. */
    static final String SETTINGS = "model.ini";

    /** The algorithms whose MOJOs were held against H2O's own answers, by the names that they have in the file. */
    private static final Set<String> ALGORITHMS = Set.of(
        "Distributed Random Forest", "Gradient Boosting Machine", "Gradient Boosting Method", "Generalized Linear Model",
        "Generalized Linear Modeling", "K-means", "Deep Learning", "Stacked Ensemble", "StackedEnsemble");
    /** A tree, and the folder of the model that has it. */
    private static final Pattern TREE = Pattern.compile("(|.*/)trees/t\\d+_\\d+\\.bin", Pattern.DOTALL);
    private static final Pattern SUBMODEL = Pattern.compile("submodel_dir_\\d+");
    /** Counts of what has a line of its own. */
    private static final Set<String> OF_LINES = Set.of("center_num", "base_models_num", "submodel_count");
    /** Trees had another form before. */
    private static final double TREES_SINCE = 1.2;
    /** A class may have no tree in a round, where it has no rows. */
    private static final long ROUNDS_FOR_A_TREE = 64;

    private final ZipFile zip;
    /** The folders of models that were named, each of which is one model's. */
    private final Set<String> named = new HashSet<>(Set.of(""));
    /** The files of categories that were named, each of which is one column's. */
    private final Set<String> domains = new HashSet<>();
    /** The trees of each model, by its folder: looked for once, however many models there are. */
    private final Map<String, List<String>> trees = new HashMap<>();
    private boolean takesUnknown = true;

    private MojoFiles(ZipFile zip) {
        this.zip = zip;
        for (var each = zip.entries(); each.hasMoreElements();) {
            var found = TREE.matcher(each.nextElement().getName());
            if (found.matches()) trees.computeIfAbsent(found.group(1), one -> new ArrayList<>()).add(found.group());
        }
    }

    /**
     * Goes on where the files have what they say, and returns whether a category that the model does not know is a
     * missing value to it. To a linear model of H2O it is that, or nothing, as coefficients were left out or not.
     */
    static boolean require(Path path) throws Fault {
        try (var zip = new ZipFile(path.toFile())) {
            var files = new MojoFiles(zip);
            for (var each = zip.entries(); each.hasMoreElements();) {
                var name = each.nextElement().getName();
                if (name.equals(SETTINGS) || name.endsWith("/" + SETTINGS)) files.requireModel(name.substring(0, name.length() - SETTINGS.length()));
            }
            return files.takesUnknown;
        } catch (IOException error) {
            throw new Fault(Fault.BUNDLE, Fault.said(error));
        } catch (NumberFormatException error) {
            throw new Fault(Fault.BUNDLE, "a count in it is no whole number: " + Fault.said(error));
        }
    }

    private byte[] read(String name) throws IOException, Fault {
        var entry = zip.getEntry(name);
        if (entry == null) throw new Fault(Fault.BUNDLE, "it has no file " + name);
        try (var stream = zip.getInputStream(entry)) {
            return stream.readAllBytes();
        }
    }

    private void requireModel(String folder) throws IOException, Fault {
        var text = new String(read(folder + SETTINGS), StandardCharsets.UTF_8);
        var said = Settings.read(text);
        var algorithm = said.info.getOrDefault("algorithm", "none");
        if (!ALGORITHMS.contains(algorithm)) throw new Fault(Fault.UNSUPPORTED, "a MOJO of the algorithm " + Fault.line(algorithm));
        // By the means of the columns H2O itself fills gaps, and such a MOJO has none.
        boolean isWithoutMeans = algorithm.equals("K-means") && !said.info.getOrDefault("standardize", "").equals("true");
        if (isWithoutMeans) throw new Fault(Fault.UNSUPPORTED, "a MOJO of clusters without standardization");
        int columns = said.columns.size();
        if (said.count("n_columns") != columns || said.count("n_features") > columns) throw wrong("columns");
        int most = 1;
        boolean isLinear = algorithm.startsWith("Generalized Linear");
        for (var domain : said.domains.entrySet()) {
            most = Math.max(most, requireDomain(folder, domain.getValue()));
            if (isLinear && number(domain.getKey()) < said.count("n_features")) takesUnknown = false;
        }
        if (said.count("n_classes") > most) throw wrong("classes");
        for (var key : OF_LINES) {
            if (said.count(key) > said.lines) throw wrong(key);
        }
        for (var units : said.info.getOrDefault("neural_network_sizes", "").split("[\\[\\],\\s]+")) {
            if (!units.isEmpty() && number(units) > text.length()) throw wrong("units");
        }
        for (var one : said.info.entrySet()) {
            if (SUBMODEL.matcher(one.getKey()).matches() && !named.add(folder + one.getValue())) {
                throw new Fault(Fault.BUNDLE, "it has the model " + one.getValue() + " twice");
            }
        }
        requireTrees(folder, said);
    }

    private static Fault wrong(String what) {
        return new Fault(Fault.BUNDLE, "it has not as many " + what + " as it says");
    }

    /** Returns how many categories a column has: those of a file, which may have a line break in them. */
    private int requireDomain(String folder, String said) throws Fault {
        var parts = said.split(" ", 2);
        int count = number(parts[0]);
        if (parts.length < 2) throw wrong("categories");
        var name = folder + "domains/" + parts[1];
        var entry = zip.getEntry(name);
        if (entry == null) throw new Fault(Fault.BUNDLE, "it has no file " + name);
        // H2O reads a file for each column that names it: many that name one long file would take hours.
        if (!domains.add(name) || count > entry.getSize()) throw wrong("categories");
        return count;
    }

    private void requireTrees(String folder, Settings said) throws IOException, Fault {
        var own = trees.getOrDefault(folder, List.of());
        for (var name : own) {
            if (!MojoTree.is(read(name), said.count("n_features"))) throw new Fault(Fault.BUNDLE, name + " is no whole tree");
        }
        if (own.isEmpty() && !said.info.containsKey("n_trees")) return;
        if (Double.parseDouble(said.info.getOrDefault("mojo_version", "0")) < TREES_SINCE) {
            throw new Fault(Fault.UNSUPPORTED, "a MOJO with trees in the form before " + TREES_SINCE);
        }
        long classes = said.count("n_trees_per_class");
        if (said.count("n_trees") > own.size() || said.count("n_trees") * classes > ROUNDS_FOR_A_TREE * own.size()) throw wrong("trees");
    }

    private static int number(String text) throws Fault {
        int number = Integer.parseInt(text);
        if (number < 0) throw new Fault(Fault.BUNDLE, "a count in it is " + number);
        return number;
    }

    /** What stands in the sections of a file of settings, as H2O reads it. */
    private static final class Settings {
        final Map<String, String> info = new HashMap<>();
        final Set<String> columns = new HashSet<>();
        final Map<String, String> domains = new HashMap<>();
        final Set<String> sections = new HashSet<>();
        int lines;

        static Settings read(String text) throws Fault {
            var said = new Settings();
            var section = "";
            for (var each : (Iterable<String>) text.lines()::iterator) {
                var line = each.trim();
                said.lines++;
                if (line.isEmpty() || line.startsWith("#")) continue;
                if (Set.of("[info]", "[columns]", "[domains]").contains(line)) {
                    section = line;
                    once(said.sections.add(line), line);
                } else {
                    said.add(section, line);
                }
            }
            return said;
        }

        private void add(String section, String line) throws Fault {
            switch (section) {
                case "[info]" -> {
                    var pair = line.split("\\s*=\\s*", 2);
                    once(info.put(pair[0], pair.length > 1 ? pair[1] : "") == null, pair[0]);
                }
                case "[columns]" -> once(columns.add(line), line);
                case "[domains]" -> {
                    var pair = line.split(":\\s*", 2);
                    once(domains.put(pair[0], pair.length > 1 ? pair[1] : "") == null, pair[0]);
                }
                default -> { }
            }
        }

        /** H2O makes arrays by what it has read until then, so that the last word is not the only one. */
        private static void once(boolean isFirst, String name) throws Fault {
            if (!isFirst) throw new Fault(Fault.BUNDLE, "it says " + name + " twice");
        }

        int count(String key) throws Fault {
            return info.containsKey(key) ? number(info.get(key)) : 0;
        }
    }
}
