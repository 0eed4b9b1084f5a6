package org.w3id.mlmodel.document;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.w3id.mlmodel.errors.ErrorName;

/** conda.yaml, python_env.yaml and requirements.txt: their form (ENV-002 to ENV-012, ENV-023). */
final class EnvironmentRules {
    private static final String REQUIREMENTS = "requirements.txt";
    private static final int NAMED = 5;
    /** What Anaconda's terms are about: the channel, under its name and its addresses (ENV-005). */
    private static final Pattern DEFAULTS = Pattern.compile("defaults"
        + "|(?:https?://)?repo\\.anaconda\\.com(?:/.*)?|pkgs/(?:main|r|msys2|free)");

    /** A file of YAML: its usual name and its schema, by the tool that reads it. */
    private enum Tool {
        CONDA("conda", "conda.yaml", "conda-env"), VIRTUALENV("virtualenv", "python_env.yaml", "python-env");

        final String key;
        final String file;
        final String schema;

        Tool(String key, String file, String schema) {
            this.key = key;
            this.file = file;
            this.schema = schema;
        }
    }

    private final Folder folder;
    private final Document model;
    private final List<Violation> found = new ArrayList<>();

    private EnvironmentRules(Folder folder, Document model) {
        this.folder = folder;
        this.model = model;
    }

    /** Returns what is wrong in the files of the environment that the folder has, file by file. */
    static List<Violation> check(Folder folder, Document model) {
        var rules = new EnvironmentRules(folder, model);
        var conda = rules.read(Tool.CONDA);
        var python = rules.read(Tool.VIRTUALENV);
        rules.form(conda, Tool.CONDA);
        rules.conda(conda);
        rules.form(python, Tool.VIRTUALENV);
        for (var key : List.of("build_dependencies", "dependencies")) rules.lines(python, python.data().get(key), List.of(key), "ENV-007");
        rules.requirements(conda);
        var files = rules.found.stream().map(Violation::file).distinct().toList();
        rules.found.sort(Comparator.comparing((Violation one) -> files.indexOf(one.file())).thenComparing(FolderCheck.ORDER));
        return rules.found;
    }

    /** Returns the name of a tool's file: the model's, or the usual one. */
    private String nameOf(Tool tool) {
        var name = tool.file;
        for (var keys : model.flavors().values()) {
            var env = Document.mapping(keys).get("env");
            var given = env instanceof String && tool == Tool.CONDA ? env : Document.mapping(env).get(tool.key);
            if (given instanceof String text) name = text;
        }
        return name;
    }

    private Document read(Tool tool) {
        var name = nameOf(tool);
        var file = fileOf(name);
        try {
            var text = text(name, Schemas.ruleOf(Schemas.load(tool.schema), "type", "ENV-002"));
            return text == null ? Document.unusable(file, null) : Document.compose(text, file, tool.schema);
        } catch (Problem problem) {
            return Document.unusable(file, problem);
        }
    }

    private String fileOf(String name) {
        return folder.root.resolve(name).toString();
    }

    /** Returns the text of the folder's file, null where it is absent; {@code rule} says what the file is. */
    private String text(String name, String rule) throws Problem {
        var place = folder.inside(name);
        if (place == null) return null;
        try {
            return ModelFile.textOfPart(place, Limits.DEFAULT);
        } catch (ModelException error) {
            // What is wrong with the path is said where the path stands.
            if (error.name() != ErrorName.UNREADABLE_MODEL) return null;
            throw new Problem(rule, error.getMessage());
        }
    }

    private void form(Document document, Tool tool) {
        found.addAll(document.problems());
        if (!document.isUsable()) return;
        found.addAll(FileRules.schema(document, tool.schema, List.of(), document.data()));
        found.addAll(FileRules.unknownKeys(document, Described.walk(document.data(), Schemas.load(tool.schema))));
    }

    private void conda(Document conda) {
        channels(conda);
        Document.mapping(conda.data().get("variables")).forEach((name, value) -> password(conda, value, List.of("variables", name)));
        if (conda.data().containsKey("pip")) {
            found.add(conda.violation("ENV-004", "'pip' is at the top level, where conda does not look; move it under "
                + "'dependencies' as '- pip:'.", List.of("pip"), Violation.WARNING, true));
        }
        var dependencies = items(conda, "dependencies");
        for (int index = 0; index < dependencies.size(); index++) {
            if (!(dependencies.get(index) instanceof Map<?, ?> item)) continue;
            lines(conda, item.get("pip"), List.of("dependencies", index, "pip"), "ENV-002");
        }
    }

    private void channels(Document conda) {
        var channels = items(conda, "channels");
        for (int index = 0; index < channels.size(); index++) {
            if (!(channels.get(index) instanceof String channel)) continue;
            password(conda, channel, List.of("channels", index));
            if (!DEFAULTS.matcher(channel.strip()).matches()) continue;
            found.add(conda.warning("ENV-005", "The channel " + Texts.quoted(channel) + " belongs to Anaconda, whose terms may require a "
                + "licence. Use 'conda-forge' instead, unless you have a licence.", List.of("channels", index)));
        }
    }

    private void password(Document document, Object value, List<?> path) {
        if (!(value instanceof String text) || !Secrets.hasPassword(text)) return;
        found.add(document.warning("ENV-023", Secrets.told(text), path));
    }

    private static List<?> items(Document document, String key) {
        return document.data().get(key) instanceof List<?> items ? items : List.of();
    }

    /** Where a line stands, for what is said of it. */
    @FunctionalInterface
    private interface Place {
        Violation violation(String rule, String message, String severity);
    }

    private void lines(Document document, Object lines, List<?> path, String rule) {
        if (!(lines instanceof List<?> items)) return;
        var tally = new Tally();
        for (int index = 0; index < items.size(); index++) {
            var at = Pointers.below(path, index);
            if (!(items.get(index) instanceof String line)) continue;
            about(line, rule, tally, (id, message, severity) -> document.violation(id, message, at, severity, false));
        }
        tally.rest(document.file(), document.locate(path, false), found);
    }

    private void requirements(Document conda) {
        var file = fileOf(REQUIREMENTS);
        try {
            var text = text(REQUIREMENTS, "ENV-008");
            if (text == null) return;
            var tally = new Tally();
            var lines = Requirements.lines(text);
            for (var line : lines) {
                about(line.text(), "ENV-008", tally, (id, message, severity) ->
                    new Violation(id, message, file, line.number(), 1, null, severity, 1));
            }
            tally.rest(file, new Mark(lines.isEmpty() ? 1 : lines.get(lines.size() - 1).number(), 1, 0), found);
            compare(conda, lines.stream().map(Requirements.Line::text).toList(), file);
        } catch (Problem problem) {
            found.add(problem.under(problem.rule.equals("MLM-001") ? "ENV-008" : problem.rule).in(file));
        }
    }

    /** Notes what is wrong with one requirement. */
    private void about(String written, String rule, Tally tally, Place place) {
        boolean hasPassword = written.length() <= Requirements.LONGEST && Secrets.hasPassword(written);
        if (hasPassword) warn("ENV-023", Secrets.told(written), tally, place);
        var line = hasPassword ? Secrets.masked(written) : written;
        var wrong = Requirements.whatIsWrong(line);
        if (wrong != null) {
            if (tally.lists(rule, Violation.ERROR)) found.add(place.violation(rule, wrong, Violation.ERROR));
            return;
        }
        var name = Requirements.namedFile(line);
        if (name != null) {
            if (!name.contains("://") && !isInFolder(name)) {
                warn("ENV-011", Texts.quoted(line) + " names a file that is not in the model folder. Put the file there, or replace "
                    + "this line by the lines of that file.", tally, place);
            }
        } else if (Requirements.isOfThisMachine(line)) {
            warn("ENV-012", Texts.quoted(line) + " is a path: the environment can be built only on a machine that has a package there. "
                + "Name a release from a package index, or a URL.", tally, place);
        }
    }

    private void warn(String rule, String message, Tally tally, Place place) {
        if (tally.lists(rule, Violation.WARNING)) found.add(place.violation(rule, message, Violation.WARNING));
    }

    private boolean isInFolder(String name) {
        var place = folder.inside(name);
        return place != null && java.nio.file.Files.isRegularFile(place);
    }

    private void compare(Document conda, List<String> lines, String file) {
        if (!conda.isUsable()) return;
        var here = lines.stream().map(Secrets::masked).toList();
        var there = Requirements.ofPip(conda.data()).stream().map(one -> Secrets.masked(one.strip())).toList();
        var parts = new ArrayList<String>();
        only(REQUIREMENTS, here, there, parts);
        only(conda.file().substring(conda.file().lastIndexOf('/') + 1), there, here, parts);
        if (parts.isEmpty()) return;
        found.add(new Violation("ENV-006", "requirements.txt is not the pip part of conda.yaml (" + String.join("; ", parts)
            + "). The tools that build an environment take one or the other: make them equal.", file, 1, 1, null, Violation.WARNING, 1));
    }

    private static void only(String where, List<String> lines, List<String> others, List<String> parts) {
        var known = new java.util.HashSet<>(others);
        var only = lines.stream().filter(line -> !known.contains(line)).toList();
        if (only.isEmpty()) return;
        var named = only.stream().limit(NAMED).map(line -> Texts.cut(line, 60)).toList();
        var more = only.size() > NAMED ? " and " + (only.size() - NAMED) + " more" : "";
        parts.add("only in " + where + ": " + String.join(", ", named) + more);
    }
}
