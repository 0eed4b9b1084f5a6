package org.w3id.mlmodel.bridge;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import ml.combust.bundle.BundleFile;
import ml.combust.mleap.core.feature.BinarizerModel;
import ml.combust.mleap.core.feature.BucketizerModel;
import ml.combust.mleap.core.feature.CoalesceModel;
import ml.combust.mleap.core.feature.ImputerModel;
import ml.combust.mleap.core.feature.StringIndexerModel;
import ml.combust.mleap.core.types.StructType;
import ml.combust.mleap.runtime.MleapContext;
import ml.combust.mleap.runtime.frame.DefaultLeapFrame;
import ml.combust.mleap.runtime.frame.Row;
import ml.combust.mleap.runtime.frame.Transformer;
import ml.combust.mleap.runtime.transformer.Pipeline;
import org.w3id.mlmodel.enforcement.Shown;
import scala.collection.mutable.WrappedArray;

/** A bundle of MLeap, loaded: what it takes, what it answers, and its answers. */
public final class Bundle implements Scorer {
    /** Rows that go through all stages together, so that they stay near the processor. */
    private static final int PIECE = 2048;

    private final Transformer root;
    private final List<Transformer> stages;
    private final StructType schema;
    private final List<Kind> inputs;
    private final List<Kind> outputs;
    private final List<Kind> answers;
    private final String version;
    /** The assemblers that hand NaN on. */
    private final Set<String> keeping;

    private Bundle(Transformer root, String version, Set<String> keeping) throws Fault {
        this.root = root;
        this.keeping = keeping;
        this.version = version;
        stages = flat(root);
        schema = root.inputSchema();
        inputs = kinds(schema);
        outputs = kinds(root.outputSchema());
        var taken = new HashSet<String>();
        for (var stage : stages) taken.addAll(names(stage.inputSchema()));
        answers = outputs.stream().filter(one -> !taken.contains(one.name())).toList();
    }

    /** Loads a bundle from a zip file, out of which no name in it leads. */
    public static Bundle load(Path zip) throws Fault {
        String version = "";
        String runtime = ml.combust.bundle.dsl.Bundle.version();
        try (var file = BundleFile.apply(new URI("jar:" + zip.toUri()))) {
            version = file.readInfo().get().version();
            ml.combust.bundle.dsl.Bundle<Transformer> read = file.<MleapContext, Transformer>load(MleapContext.defaultContext()).get();
            return new Bundle(read.root(), version, Assemblers.keeping(zip));
        } catch (Fault fault) {
            throw fault.with("version", version).with("runtime", runtime);
        } catch (OutOfMemoryError error) {
            throw error;
        } catch (Throwable error) {
            throw unread(error).with("version", version).with("runtime", runtime);
        }
    }

    private static Fault unread(Throwable error) {
        boolean isOfRegistry = error instanceof NoSuchElementException
            && Stream.of(error.getStackTrace()).anyMatch(one -> one.getClassName().endsWith(".BundleRegistry"));
        if (!isOfRegistry) return new Fault(Fault.BUNDLE, Fault.said(error));
        return new Fault(Fault.UNSUPPORTED, error.getMessage().replaceFirst("^key not found: ", ""));
    }

    @Override
    public List<Kind> inputs() {
        return inputs;
    }

    @Override
    public List<Kind> outputs() {
        return outputs;
    }

    /** The columns that stages write and no stage takes (MLP-005). */
    @Override
    public List<Kind> answers() {
        return answers;
    }

    @Override
    public String version() {
        return version;
    }

    /** Whether every stage takes a missing cell (MLP-008). */
    @Override
    public boolean takesNull(Kind input) {
        return takes(input.name(), Bundle::takesNull);
    }

    /** Whether every stage takes NaN. */
    @Override
    public boolean takesNan(Kind input) {
        return takes(input.name(), this::takesNan);
    }

    @Override
    public Answer score(ByteBuffer request) throws Fault {
        var from = request.order(ByteOrder.LITTLE_ENDIAN);
        int count = from.getInt();
        Row[] rows = new Given(from, count).rows(inputs);
        var wanted = new ArrayList<Kind>();
        for (int left = from.getInt(); left > 0; left--) wanted.add(outputs.get(from.getInt()));
        var columns = columns(rows, wanted);
        var answer = new Answer(count);
        for (int at = 0; at < columns.length; at++) {
            answer.add(wanted.get(at), columns[at]);
            columns[at] = null;
        }
        return answer;
    }

    @Override
    public Object[][] answer(Object[][] given, int count) throws Fault {
        var cells = new Object[given.length][count];
        for (int at = 0; at < given.length; at++) {
            for (int row = 0; row < count; row++) cells[at][row] = Given.cell(inputs.get(at), given[at][row]);
        }
        var columns = columns(Given.rows(cells, count), answers());
        for (var column : columns) {
            for (int row = 0; row < count; row++) column[row] = Answer.plain(column[row]);
        }
        return columns;
    }

    /** Returns the columns of the outputs wanted; rows are forgotten as soon as they are through. */
    private Object[][] columns(Row[] rows, List<Kind> wanted) throws Fault {
        int count = rows.length;
        var columns = new Object[wanted.size()][count];
        fill(wanted, columns, rows);
        return columns;
    }

    /** Fills the columns of the answer; pieces of many rows go through the stages beside each other. */
    private void fill(List<Kind> wanted, Object[][] columns, Row[] rows) throws Fault {
        var failed = new ConcurrentSkipListMap<Integer, Fault>();
        IntStream.range(0, (rows.length + PIECE - 1) / PIECE).parallel().forEach(number -> {
            int start = number * PIECE;
            int end = Math.min(rows.length, start + PIECE);
            var piece = java.util.Arrays.copyOfRange(rows, start, end);
            java.util.Arrays.fill(rows, start, end, null);
            try {
                fill(wanted, columns, piece, start);
            } catch (Fault fault) {
                failed.put(start, fault);
            }
        });
        if (!failed.isEmpty()) throw failed.firstEntry().getValue();
    }

    private void fill(List<Kind> wanted, Object[][] columns, Row[] piece, int start) throws Fault {
        DefaultLeapFrame told;
        try {
            told = asked(root, schema, piece);
        } catch (RuntimeException | ScalaError error) {
            throw blamed(piece, start, error);
        }
        var places = new int[wanted.size()];
        for (int at = 0; at < places.length; at++) {
            places[at] = (Integer) told.schema().indexOf(wanted.get(at).name()).get();
        }
        if (told.dataset().size() == piece.length) {
            put(told, places, columns, start);
        } else {
            putEach(piece, places, columns, start);
        }
    }

    private static void put(DefaultLeapFrame told, int[] places, Object[][] columns, int start) {
        var each = told.dataset().iterator();
        for (int row = start; each.hasNext(); row++) {
            var cells = each.next();
            for (int at = 0; at < places.length; at++) columns[at][row] = cells.getRaw(places[at]);
        }
    }

    /** Puts the answers of rows of which a stage leaves some out, so that the others stay in their places. */
    private void putEach(Row[] piece, int[] places, Object[][] columns, int start) throws Fault {
        for (int at = 0; at < piece.length; at++) {
            try {
                put(asked(root, schema, new Row[] {piece[at]}), places, columns, start + at);
            } catch (RuntimeException | ScalaError error) {
                throw blamed(piece, start, error);
            }
        }
    }

    private static DefaultLeapFrame asked(Transformer stage, StructType schema, Row[] rows) throws ScalaError {
        var frame = new DefaultLeapFrame(schema, WrappedArray.<Row>make(rows));
        var told = stage.transform(frame);
        if (told.isFailure()) throw new ScalaError(told.failed().get());
        return told.get();
    }

    /** Returns the error for the first row, and the stage in it, that fails. */
    private Fault blamed(Row[] piece, int start, Exception error) {
        for (int at = 0; at < piece.length; at++) {
            var frame = new DefaultLeapFrame(schema, WrappedArray.<Row>make(new Row[] {piece[at]}));
            for (var stage : stages) {
                var told = stage.transform(frame);
                if (told.isFailure()) return blamed(stage, frame, start + at, told.failed().get());
                frame = told.get();
            }
        }
        return new Fault(Fault.FAILURE, Fault.said(error));
    }

    private static Fault blamed(Transformer stage, DefaultLeapFrame frame, int row, Throwable error) {
        var cells = new LinkedHashMap<String, String>();
        var said = Fault.said(error);
        var names = names(stage.inputSchema());
        for (var name : names) {
            var at = frame.schema().indexOf(name);
            if (at.isSuccess()) {
                var cell = String.valueOf(frame.dataset().head().getRaw((Integer) at.get()));
                cells.put(name, Shown.cut(cell));
                // What the stage says has the cell in it, too, in one line.
                said = cell.isBlank() ? said : said.replace(Fault.line(cell), Shown.cut(Fault.line(cell)));
            }
        }
        return new Fault(Fault.DATA, said)
            .with("row", row)
            .with("stage", stage.uid())
            .with("model", stage.model().getClass().getSimpleName().replaceAll("Model$", ""))
            .with("cells", cells);
    }

    private static List<Transformer> flat(Transformer stage) {
        if (!(stage instanceof Pipeline pipeline)) return List.of(stage);
        var found = new ArrayList<Transformer>();
        var each = pipeline.transformers().iterator();
        while (each.hasNext()) found.addAll(flat(each.next()));
        return found;
    }

    private static List<Kind> kinds(StructType schema) throws Fault {
        var found = new ArrayList<Kind>();
        var each = schema.fields().iterator();
        while (each.hasNext()) found.add(Kind.of(each.next()));
        return List.copyOf(found);
    }

    private static Set<String> names(StructType schema) {
        var found = new java.util.LinkedHashSet<String>();
        var each = schema.fields().iterator();
        while (each.hasNext()) found.add(each.next().name());
        return found;
    }

    /** Returns whether every stage that takes a column, before another writes it, agrees. */
    private boolean takes(String column, java.util.function.Predicate<Transformer> agrees) {
        for (var stage : stages) {
            if (names(stage.inputSchema()).contains(column) && !agrees.test(stage)) return false;
            if (names(stage.outputSchema()).contains(column)) break;
        }
        return true;
    }

    private static boolean takesNull(Transformer stage) {
        return stage.model() instanceof CoalesceModel
            || (stage.model() instanceof ImputerModel imputer && imputer.nullableInput())
            || (stage.model() instanceof StringIndexerModel indexer && !indexer.handleInvalid().asParamString().equals("error"));
    }

    /** An imputer that looks for another value than NaN would replace NaN, which Spark's leaves as it is. */
    private boolean takesNan(Transformer stage) {
        return (stage.model() instanceof ImputerModel imputer && Double.isNaN(imputer.missingValue()))
            || stage.model() instanceof BucketizerModel
            || stage.model() instanceof BinarizerModel
            || keeping.contains(stage.uid());
    }

    /** What Scala caught, which may be no RuntimeException. */
    private static final class ScalaError extends Exception {
        private static final long serialVersionUID = 1L;

        ScalaError(Throwable cause) {
            super(Fault.said(cause), cause);
        }
    }
}
