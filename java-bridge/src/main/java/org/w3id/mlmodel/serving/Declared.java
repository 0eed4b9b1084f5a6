package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.w3id.mlmodel.enforcement.Column;
import org.w3id.mlmodel.enforcement.Enforcement;
import org.w3id.mlmodel.errors.ErrorName;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.signature.Signature;
import org.w3id.mlmodel.signature.Spec;

/** What a model declares of its inputs, as requests are read by it. */
final class Declared {
    private final Enforcement columns;
    private final Signature signature;
    private final boolean areTensors;

    /** Makes it of a signature, which may be null. */
    Declared(Signature signature) {
        this.signature = signature;
        var inputs = signature == null ? null : signature.inputs();
        areTensors = inputs != null && inputs.get(0) instanceof Spec.Tensor;
        columns = inputs == null || areTensors ? null : new Enforcement(inputs, signature.delivery());
    }

    /** Goes on where the model takes columns, or says nothing of what it takes. */
    void requireColumns() {
        if (!areTensors) return;
        throw new MlmodelException(
            ErrorName.UNSUPPORTED_MODEL, "The model takes tensors; this server scores models that take columns.");
    }

    /** Returns what holds data against the columns; null where none are declared. */
    Enforcement columns() {
        return columns;
    }

    Signature signature() {
        return signature;
    }

    boolean haveNames() {
        return columns != null && Signature.haveNames(columns.specs());
    }

    /** Returns the declared names, as texts. */
    Set<String> names() {
        var names = new HashSet<String>();
        if (columns == null) return names;
        for (var one : columns.specs()) if (one.name() != null) names.add(String.valueOf(one.name()));
        return names;
    }

    /** Returns columns with the names that an answer gives them: what has none is called by its position. */
    Model.Frame frame(List<Column> read) {
        var names = new ArrayList<String>();
        for (int at = 0; at < read.size(); at++) {
            var name = haveNames() ? read.get(at).name() : null;
            names.add(String.valueOf(name == null ? (Object) at : name));
        }
        return new Model.Frame(names, read, !haveNames() || Model.Frame.areNumbers(read.stream().map(Column::name).toList()));
    }
}
