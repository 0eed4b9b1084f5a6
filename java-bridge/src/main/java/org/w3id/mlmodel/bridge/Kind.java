package org.w3id.mlmodel.bridge;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import ml.combust.mleap.core.types.BasicType;
import ml.combust.mleap.core.types.DataType;
import ml.combust.mleap.core.types.ListType;
import ml.combust.mleap.core.types.ScalarType;
import ml.combust.mleap.core.types.StructField;
import ml.combust.mleap.core.types.TensorType;

/** What a column of MLeap holds: cells of one basic type, each alone, in lists or in tensors. */
public record Kind(String name, Basic basic, Shape shape, boolean nullable, List<Integer> dimensions) {
    /** How values stand in a cell. */
    public enum Shape { SCALAR, LIST, TENSOR }

    /** The basic types; the size of a cell in bytes, 0 where cells differ. */
    public enum Basic {
        BOOLEAN(1), BYTE(1), SHORT(2), INT(4), LONG(8), FLOAT(4), DOUBLE(8), STRING(0), BYTES(0);

        final int size;

        Basic(int size) {
            this.size = size;
        }
    }

    static Kind of(StructField field) throws Fault {
        DataType type = field.dataType();
        if (type instanceof ScalarType scalar) {
            return new Kind(field.name(), basic(scalar.base()), Shape.SCALAR, type.isNullable(), List.of());
        }
        if (type instanceof ListType list) {
            return new Kind(field.name(), basic(list.base()), Shape.LIST, type.isNullable(), List.of());
        }
        if (type instanceof TensorType tensor) {
            var dimensions = new ArrayList<Integer>();
            if (tensor.dimensions().isDefined()) {
                var sizes = tensor.dimensions().get().iterator();
                while (sizes.hasNext()) dimensions.add((Integer) sizes.next());
            }
            return new Kind(field.name(), basic(tensor.base()), Shape.TENSOR, type.isNullable(), dimensions);
        }
        throw new Fault(Fault.UNSUPPORTED, "column '" + field.name() + "' is of the type " + type.simpleString());
    }

    private static Basic basic(BasicType type) {
        var name = type.getClass().getSimpleName().replace("$", "");
        return name.equals("ByteString") ? Basic.BYTES : Basic.valueOf(name.toUpperCase(java.util.Locale.ROOT));
    }

    /** Returns whether several axes are open (-1), so that the number of values does not say how long they are. */
    boolean hasOpenAxes() {
        return dimensions.stream().filter(one -> one < 0).count() > 1;
    }

    Map<String, Object> described() {
        var said = new LinkedHashMap<String, Object>();
        said.put("name", name);
        said.put("type", basic.name().toLowerCase(java.util.Locale.ROOT));
        said.put("shape", shape.name().toLowerCase(java.util.Locale.ROOT));
        said.put("nullable", nullable);
        said.put("dimensions", dimensions);
        return said;
    }
}
