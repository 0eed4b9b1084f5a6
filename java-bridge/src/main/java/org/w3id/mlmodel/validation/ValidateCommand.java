package org.w3id.mlmodel.validation;

import java.io.PrintStream;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;

/** The command {@code validate MODEL...}: a line for each violation, and one for what was found in all. */
public final class ValidateCommand {
    /** What the command takes, for people. */
    public static final String HELP = """
        usage: java -jar mlmodel-bridge.jar validate MODEL...

        Says what is wrong with models, a line for each fault: its file, line and column, its rule in
        the specification, and what to do. Nothing of a model is run.

          MODEL            a model folder, or its MLmodel file
          --help           this text

        The exit code is 0 where all are valid, 1 where some are not, 2 where some cannot be read or
        the arguments are wrong.
        """;

    private int valid;
    private int broken;
    private int unread;
    private int errors;
    private int warnings;
    private int code;

    private ValidateCommand() {}

    /** Checks models and returns the exit code: 0 all valid, 1 some not, 2 some unreadable, or wrong usage. */
    public static int run(List<String> models, PrintStream out, PrintStream err) {
        var option = models.stream().filter(one -> one.startsWith("-")).findFirst();
        if (models.isEmpty() || option.isPresent()) {
            var why = option.map(one -> "unknown option " + one + "; a path that begins so is given as ./" + one).orElse("no model is given");
            err.println("mlmodel-bridge: INVALID_ARGUMENT: " + why + ".\nvalidate --help tells what it takes.");
            return 2;
        }
        var command = new ValidateCommand();
        for (var model : models) command.model(model, out, err);
        err.println(command.summary(models.size()));
        return command.code;
    }

    private void model(String model, PrintStream out, PrintStream err) {
        try {
            told(Validation.of(Path.of(model)), out, err);
        } catch (InvalidPathException error) {
            err.println("Error: " + model + " is no path: " + error.getReason() + ".");
            unread += 1;
            code = 2;
        }
    }

    private void told(Validation done, PrintStream out, PrintStream err) {
        done.violations().forEach(out::println);
        if (done.unreadable() != null) err.println("Error: " + done.unreadable());
        if (done.unchecked() != null) err.println("Note: " + done.unchecked());
        if (done.exitCode() == 2) unread += 1;
        else if (done.isValid()) valid += 1;
        else broken += 1;
        for (var one : done.violations()) {
            if (one.isError()) errors += one.times();
            else warnings += one.times();
        }
        code = Math.max(code, done.exitCode());
    }

    private String summary(int models) {
        var unreadable = unread == 0 ? "" : ", " + unread + " unreadable";
        return "%s: %d valid, %d not valid%s (%s, %s)".formatted(counted(models, "model"), valid, broken, unreadable,
            counted(errors, "error"), counted(warnings, "warning"));
    }

    private static String counted(int number, String what) {
        return number + " " + what + (number == 1 ? "" : "s");
    }
}
