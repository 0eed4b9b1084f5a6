package org.w3id.mlmodel.signature;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What a change of a signature means for those who call the model (SIG-050 to SIG-062). */
public final class Comparison {
    private final List<Change> changes = new ArrayList<>();

    private Comparison() {}

    /** Returns all differences, in the order of SIG-075; a signature that is not there is null. */
    public static List<Change> of(Signature old, Signature now) {
        var found = new Comparison();
        found.schemas("inputs", old == null ? null : old.inputs(), now == null ? null : now.inputs());
        found.schemas("outputs", old == null ? null : old.outputs(), now == null ? null : now.outputs());
        found.params(old, now);
        return List.copyOf(found.changes);
    }

    private void add(String rule, String part, Object name, String what, boolean breaks) {
        changes.add(Change.of(rule, part, name, what, breaks));
    }

    private void schemas(String part, List<Spec> old, List<Spec> now) {
        boolean isRead = part.equals("outputs");
        if (old == null && now == null) return;
        if (old == null) {
            add("SIG-060", part, null, "declared", !isRead);
        } else if (now == null) {
            add("SIG-060", part, null, "undeclared", isRead);
        } else if (old.get(0).getClass() != now.get(0).getClass()) {
            add("SIG-057", part, null, "kind", true);
        } else if (Signature.haveNames(old) != Signature.haveNames(now)) {
            add("SIG-051", part, null, "names", true);
        } else {
            each(part, labelled(old), labelled(now), isRead);
        }
    }

    private static Map<Object, Spec> labelled(List<Spec> specs) {
        boolean named = Signature.haveNames(specs);
        var found = new LinkedHashMap<Object, Spec>();
        for (int at = 0; at < specs.size(); at++) {
            found.put(named ? String.valueOf(specs.get(at).name()) : (Object) at, specs.get(at));
        }
        return found;
    }

    private void each(String part, Map<Object, Spec> old, Map<Object, Spec> now, boolean isRead) {
        old.forEach((name, spec) -> {
            if (now.containsKey(name)) {
                pair(part, name, spec, now.get(name), isRead);
            } else {
                add(isRead ? "SIG-058" : "SIG-053", part, name, "removed", isRead);
            }
        });
        now.forEach((name, spec) -> {
            if (old.containsKey(name)) return;
            add(isRead ? "SIG-058" : "SIG-052", part, name, "added", isRead ? name instanceof Integer : spec.required());
        });
        var kept = old.keySet().stream().filter(now::containsKey).toList();
        var order = now.keySet().stream().filter(old::containsKey).toList();
        if (!kept.equals(order)) add("SIG-061", part, null, "order", false);
    }

    private void pair(String part, Object name, Spec old, Spec now, boolean isRead) {
        if (!isSameType(old, now)) {
            var breaks = new ArrayList<String>();
            for (var caller : Change.ALL) {
                var widening = new Widening(caller.equals("typed"), isRead);
                if (!widening.takes(isRead ? now : old, isRead ? old : now)) breaks.add(caller);
            }
            var what = isShape(old, now) ? "shape" : "type";
            changes.add(new Change(isRead ? "SIG-058" : rule(old, now), part, name, what, List.copyOf(breaks)));
        }
        if (old.required() != now.required()) {
            add(isRead ? "SIG-058" : "SIG-055", part, name, "required", isRead ? !now.required() : now.required());
        }
    }

    private static boolean isSameType(Spec old, Spec now) {
        if (old instanceof Spec.Tensor from && now instanceof Spec.Tensor to) {
            return from.dtype().equals(to.dtype()) && from.shape().equals(to.shape());
        }
        return ((Spec.Column) old).type().equals(((Spec.Column) now).type());
    }

    private static boolean isShape(Spec old, Spec now) {
        return old instanceof Spec.Tensor from && now instanceof Spec.Tensor to && !from.shape().equals(to.shape());
    }

    private static String rule(Spec old, Spec now) {
        if (old instanceof Spec.Tensor) return "SIG-057";
        var from = ((Spec.Column) old).type();
        boolean isNested = !(from instanceof Type.Scalar) && !(from instanceof Type.Opaque);
        return isNested && from.getClass() == ((Spec.Column) now).type().getClass() ? "SIG-056" : "SIG-054";
    }

    // Parameters are read by the rules for untyped cells, whoever gives them (ENF-082).
    private void params(Signature old, Signature now) {
        if (old == null && now == null) return;
        if (old == null) {
            add("SIG-060", "params", null, "declared", !now.params().isEmpty());
        } else if (now == null) {
            if (!old.params().isEmpty()) add("SIG-060", "params", null, "undeclared", false);
        } else {
            eachParam(named(old.params()), named(now.params()));
        }
    }

    private static Map<String, Param> named(List<Param> params) {
        var found = new LinkedHashMap<String, Param>();
        params.forEach(one -> found.put(one.name(), one));
        return found;
    }

    private void eachParam(Map<String, Param> old, Map<String, Param> now) {
        old.forEach((name, param) -> {
            if (now.containsKey(name)) {
                paramPair(param, now.get(name));
            } else {
                add("SIG-059", "params", name, "removed", false);
            }
        });
        now.keySet().stream().filter(name -> !old.containsKey(name))
            .forEach(name -> add("SIG-059", "params", name, "added", false));
    }

    private void paramPair(Param old, Param now) {
        if (!Objects.equals(old.shape(), now.shape())) {
            add("SIG-059", "params", old.name(), "shape", true);
        } else if (!old.type().equals(now.type())) {
            boolean takes = new Widening(false, false).takes(old.type(), now.type());
            add("SIG-059", "params", old.name(), "type", !takes);
        }
        if (!Objects.equals(old.fallback(), now.fallback())) add("SIG-062", "params", old.name(), "default", false);
    }
}
