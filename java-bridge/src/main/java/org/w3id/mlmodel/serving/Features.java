package org.w3id.mlmodel.serving;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.w3id.mlmodel.bridge.Kind;
import org.w3id.mlmodel.enforcement.Column;

/** Which column of a table each input of a model gets: by its name, or of a table without names by its position. */
final class Features {
    private final List<Kind> inputs;
    private final Model.Frame frame;
    private final Map<String, Integer> places = new HashMap<>();
    private final Map<String, Integer> times = new HashMap<>();
    private final boolean areByPosition;

    /**
     * Matches a table with inputs.
     *
     * @param haveOrder whether the inputs have an order, by which a table without names is matched
     */
    Features(List<Kind> inputs, Model.Frame frame, boolean haveOrder) {
        this.inputs = inputs;
        this.frame = frame;
        for (int at = 0; at < frame.names().size(); at++) {
            places.put(frame.names().get(at), at);
            times.merge(frame.names().get(at), 1, Integer::sum);
        }
        areByPosition = haveOrder && isNameless() && frame.columns().size() == inputs.size();
    }

    /** Returns whether the table has no names, but the positions of its columns, which are no names of inputs. */
    boolean isNameless() {
        return frame.isNumbered() && inputs.stream().noneMatch(one -> places.containsKey(one.name()));
    }

    /** Returns the column of an input; null where it has none. */
    Column column(int input) {
        var place = areByPosition ? (Integer) input : places.get(inputs.get(input).name());
        return place == null ? null : frame.columns().get(place);
    }

    /** Returns the names of inputs that are not given. */
    List<String> missing() {
        var found = new ArrayList<String>();
        for (int at = 0; at < inputs.size(); at++) if (column(at) == null) found.add(inputs.get(at).name());
        return found;
    }

    /** Returns the names of inputs that are given more than once. */
    List<String> repeated() {
        return inputs.stream().map(Kind::name).filter(name -> times.getOrDefault(name, 0) > 1).toList();
    }
}
