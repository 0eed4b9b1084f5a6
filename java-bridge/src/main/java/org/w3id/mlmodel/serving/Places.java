package org.w3id.mlmodel.serving;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;

/** The models that a command is given, each as {@code MODEL} or {@code NAME=MODEL}, by their names (RST-130). */
final class Places {
    /** What a model is called whose folder or file has no right name. */
    static final String UNNAMED = "model";

    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9._-]{0,99}");
    /** What stands in paths, and never in a name. */
    private static final Pattern OF_PATHS = Pattern.compile("[/\\\\:]");
    private static final int MOST_NAMES = 5;
    private static final String ZIP = ".zip";

    private final Map<String, Path> all = new LinkedHashMap<>();

    /** Returns where models are scored, for people: of many names the first few. */
    static String paths(Collection<String> names) {
        if (names.size() == 1) return "/invocations of the model " + names.iterator().next();
        var told = names.stream().sorted().limit(MOST_NAMES).collect(Collectors.joining(", "));
        var rest = names.size() > MOST_NAMES ? " and " + (names.size() - MOST_NAMES) + " more" : "";
        return "/models/NAME/invocations of the models " + told + rest;
    }

    /** Returns the places by the names, in the order in which they were given. */
    Map<String, Path> all() {
        return all;
    }

    /** Takes a model: what stands before the first equals sign is its name, unless it has a sign of a path. */
    void add(String given) {
        int equals = given.indexOf('=');
        boolean isNamed = equals >= 0 && !OF_PATHS.matcher(given.substring(0, equals)).find();
        var place = path(isNamed ? given.substring(equals + 1) : given);
        var name = isNamed ? checked(given, given.substring(0, equals)) : nameOf(place);
        var other = all.putIfAbsent(name, place);
        if (other == null) return;
        throw wrong("two models are named " + name + ": " + other + " and " + place + "; give one a name of its own, as in "
            + name + "-2=" + place);
    }

    private static Path path(String given) {
        try {
            if (!given.isEmpty()) return Path.of(given);
        } catch (InvalidPathException error) {
            throw wrong(given + " is no path: " + error.getReason());
        }
        throw wrong("a model has no path: give it as MODEL or NAME=MODEL");
    }

    private static String checked(String given, String name) {
        if (NAME.matcher(name).matches()) return name;
        throw wrong("'" + name + "' is not a name of a model: that is 1 to 100 letters, digits, '.', '_' and '-' of ASCII, of which "
            + "the first is a letter or a digit; a path with such a sign is given as ./" + given);
    }

    /** Returns the name of a folder, or that of a file without {@code .zip}. */
    private static String nameOf(Path place) {
        var last = place.toAbsolutePath().normalize().getFileName();
        var name = last == null ? "" : last.toString();
        if (name.endsWith(ZIP)) name = name.substring(0, name.length() - ZIP.length());
        return NAME.matcher(name).matches() ? name : UNNAMED;
    }

    private static MlmodelException wrong(String why) {
        return new MlmodelException(ErrorName.INVALID_ARGUMENT, why + " (RST-130).");
    }
}
