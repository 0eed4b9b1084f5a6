package org.w3id.mlmodel.bridge;

import hex.ModelCategory;
import hex.genmodel.CategoricalEncoding;
import hex.genmodel.GenModel;
import hex.genmodel.MojoModel;
import hex.genmodel.MojoReaderBackendFactory;
import hex.genmodel.algos.kmeans.KMeansMojoModel;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.enforcement.Shown;

/**
 * A MOJO of H2O, which is scored as H2O itself scores the model: a category that the model does not know is a
 * missing value, or refused where H2O has no one answer to it; a missing value is what the model makes of it.
 */
public final class Mojo implements Scorer {
    private final MojoModel model;
    private final boolean takesUnknown;
    private final List<Kind> inputs;
    private final List<Kind> outputs;
    /** The numbers of the categories of each input; null of a number. */
    private final List<Map<String, Integer>> categories = new ArrayList<>();

    private Mojo(MojoModel model, boolean takesUnknown) throws Fault {
        this.model = model;
        this.takesUnknown = takesUnknown;
        var taken = new ArrayList<Kind>();
        for (int at = 0; at < model.nfeatures(); at++) {
            var domain = model.getDomainValues(at);
            categories.add(domain == null ? null : numbered(domain));
            taken.add(kind(model.getNames()[at], domain == null ? Kind.Basic.DOUBLE : Kind.Basic.STRING));
        }
        inputs = List.copyOf(taken);
        outputs = outputs(model);
    }

    /** Loads a MOJO from a zip file. */
    static Mojo load(Path zip) throws Fault {
        try {
            boolean takesUnknown = MojoFiles.require(zip);
            // By the directory of the zip file, which was held against what is there.
            var model = MojoModel.load(MojoReaderBackendFactory.createReaderBackend(zip.toFile()));
            requireKnown(model);
            return new Mojo(model, takesUnknown);
        } catch (Fault fault) {
            throw fault.with("version", "").with("runtime", "");
        } catch (OutOfMemoryError error) {
            throw error;
        } catch (Throwable error) {
            throw new Fault(Fault.BUNDLE, Fault.said(error)).with("version", "").with("runtime", "");
        }
    }

    /** Refuses what is scored by more than the columns of a row. */
    private static void requireKnown(MojoModel model) throws Fault {
        var encoding = model.getCategoricalEncoding();
        if (encoding != CategoricalEncoding.AUTO) throw unsupported("the encoding " + encoding + " of categories");
        if (model.getOffsetName() != null) throw unsupported("an offset, the column " + model.getOffsetName());
        boolean isCalibrated = model.isClassifier() && model.calibrateClassProbabilities(new double[model.getPredsSize()]);
        if (isCalibrated) throw unsupported("calibrated probabilities");
    }

    private static Fault unsupported(String what) {
        return new Fault(Fault.UNSUPPORTED, "a MOJO with " + what);
    }

    private static Map<String, Integer> numbered(String[] domain) {
        var numbers = new HashMap<String, Integer>();
        for (int at = 0; at < domain.length; at++) numbers.put(domain[at], at);
        return numbers;
    }

    private static Kind kind(String name, Kind.Basic basic) {
        return new Kind(name, basic, Kind.Shape.SCALAR, true, List.of());
    }

    private static List<Kind> outputs(MojoModel model) throws Fault {
        var found = new ArrayList<Kind>();
        ModelCategory category = model.getModelCategory();
        switch (category) {
            case Binomial, Multinomial, Ordinal -> {
                var labels = model.getDomainValues(model.getResponseIdx());
                if (labels == null || labels.length != model.nclasses()) throw new Fault(Fault.BUNDLE, "it has not as many classes as it says");
                found.add(kind("predict", Kind.Basic.STRING));
                for (var label : labels) found.add(kind(named(label), Kind.Basic.DOUBLE));
            }
            case Regression -> found.add(kind("predict", Kind.Basic.DOUBLE));
            case Clustering -> found.add(kind("predict", Kind.Basic.INT));
            default -> throw unsupported("a model of the category " + category);
        }
        requireDifferent(found);
        return List.copyOf(found);
    }

    /** Refuses classes of which one is called as another is, or as the answer: who asks by name gets one of the two. */
    private static void requireDifferent(List<Kind> outputs) throws Fault {
        var names = new HashSet<String>();
        for (var one : outputs) {
            if (!names.add(one.name())) throw unsupported("two answers of the name " + Shown.cut(Fault.line(one.name())));
        }
    }

    /** Returns what H2O calls the probability of a class: a number has {@code p} before it. */
    private static String named(String label) {
        try {
            Integer.parseInt(label);
            return "p" + label;
        } catch (NumberFormatException error) {
            return label;
        }
    }

    @Override
    public List<Kind> inputs() {
        return inputs;
    }

    @Override
    public List<Kind> outputs() {
        return outputs;
    }

    @Override
    public List<Kind> answers() {
        return outputs;
    }

    @Override
    public String version() {
        return model._h2oVersion;
    }

    @Override
    public boolean takesNull(Kind input) {
        return true;
    }

    @Override
    public boolean takesNan(Kind input) {
        return true;
    }

    @Override
    public Answer score(ByteBuffer request) throws Fault {
        var from = request.order(ByteOrder.LITTLE_ENDIAN);
        int rows = from.getInt();
        var given = new Given(from, rows);
        var columns = new Object[inputs.size()][];
        for (int at = 0; at < columns.length; at++) columns[at] = given.column(inputs.get(at));
        var told = answer(columns, rows);
        var answer = new Answer(rows);
        for (int left = from.getInt(); left > 0; left--) {
            int wanted = from.getInt();
            answer.add(outputs.get(wanted), told[wanted].clone());
        }
        return answer;
    }

    @Override
    public Object[][] answer(Object[][] given, int rows) throws Fault {
        GenModel own = ownInstance();
        var row = new double[inputs.size()];
        var preds = new double[model.getPredsSize()];
        var told = new Object[outputs.size()][rows];
        for (int at = 0; at < rows; at++) {
            for (int column = 0; column < row.length; column++) row[column] = number(column, given[column][at], at);
            try {
                tell(own.score0(row, preds), told, at);
            } catch (RuntimeException error) {
                throw new Fault(Fault.FAILURE, Fault.said(error));
            }
        }
        return told;
    }

    /** Some models keep in themselves what they work on; H2O's own wrapper takes such a copy. */
    @SuppressWarnings("deprecation")
    private GenModel ownInstance() {
        return model.internal_threadSafeInstance();
    }

    /** Returns what the model is given for a cell; an infinite number and an empty text are missing, as they are to H2O. */
    private double number(int column, Object cell, int row) throws Fault {
        if (cell == null || cell.equals("")) return Double.NaN;
        var known = categories.get(column);
        if (known == null) return finite(((Number) cell).doubleValue());
        var number = known.get((String) cell);
        if (number != null) return number;
        if (!takesUnknown) throw unknown(column, cell, row);
        // Among clusters it is as far from each as another category is, and no gap, which H2O fills.
        return model instanceof KMeansMojoModel ? known.size() : Double.NaN;
    }

    private static double finite(double number) {
        return Double.isInfinite(number) ? Double.NaN : number;
    }

    private Fault unknown(int column, Object cell, int row) {
        return new Fault(Fault.DATA, "the model does not know the category").with("stage", "MOJO")
            .with("model", "a linear model").with("row", row).with("cells", Map.of(inputs.get(column).name(), cell));
    }

    private void tell(double[] preds, Object[][] told, int row) {
        switch (outputs.get(0).basic()) {
            case STRING -> {
                told[0][row] = model.getDomainValues(model.getResponseIdx())[(int) preds[0]];
                for (int at = 1; at < told.length; at++) told[at][row] = preds[at];
            }
            case INT -> told[0][row] = (int) preds[0];
            default -> told[0][row] = preds[0];
        }
    }
}
