package org.w3id.mlmodel.bridge;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipFile;

/** What is loaded and answers to columns: a bundle of MLeap, or a MOJO of H2O. */
public sealed interface Scorer permits Bundle, Mojo {
    /** Loads what is in a zip file. */
    static Scorer load(Path zip) throws Fault {
        Unpacked.require(zip);
        return isMojo(zip) ? Mojo.load(zip) : Bundle.load(zip);
    }

    private static boolean isMojo(Path zip) {
        try (var opened = new ZipFile(zip.toFile())) {
            return opened.getEntry(MojoFiles.SETTINGS) != null;
        } catch (IOException error) {
            return false;
        }
    }

    /** Returns the columns that it takes. */
    List<Kind> inputs();

    /** Returns all columns that it can answer with. */
    List<Kind> outputs();

    /** Returns the columns that it answers with where none are named. */
    List<Kind> answers();

    /** Returns the version of what wrote it. */
    String version();

    /** Returns whether a missing cell of an input is taken. */
    boolean takesNull(Kind input);

    /** Returns whether NaN is taken in an input. */
    boolean takesNan(Kind input);

    /**
     * Returns the columns of {@link #answers} to columns of all inputs. Cells are those of Java: boxed values,
     * texts, bytes, and for lists and tensors a {@link org.w3id.mlmodel.enforcement.NestedArray}, or of answers a
     * list; null is missing.
     */
    Object[][] answer(Object[][] given, int rows) throws Fault;

    /** Returns all this for Python. */
    default Map<String, Object> described() {
        return Map.of(
            "version", version(),
            "inputs", inputs().stream().map(one -> {
                var kind = one.described();
                kind.put("takes_null", takesNull(one));
                kind.put("takes_nan", takesNan(one));
                return kind;
            }).toList(),
            "outputs", outputs().stream().map(one -> {
                var kind = one.described();
                kind.put("last", answers().contains(one));
                return kind;
            }).toList()
        );
    }

    /** Returns the answer to columns of all inputs, followed by the numbers of the outputs wanted. */
    Answer score(ByteBuffer request) throws Fault;
}
