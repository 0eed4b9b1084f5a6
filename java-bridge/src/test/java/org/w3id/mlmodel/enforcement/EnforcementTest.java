package org.w3id.mlmodel.enforcement;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.w3id.mlmodel.errors.Detail;
import org.w3id.mlmodel.errors.MlmodelException;
import org.w3id.mlmodel.json.Json;
import org.w3id.mlmodel.json.NotJson;
import org.w3id.mlmodel.signature.Signature;

/** What a program in Java gets; that it is right is shown by the vectors, which the harness is asked. */
class EnforcementTest {
    private static final Enforcement ROWS = new Enforcement(Signature.read(Map.of("inputs",
        "[{\"type\": \"double\", \"name\": \"x\"}, {\"type\": \"long\", \"name\": \"n\", \"required\": false},"
            + " {\"type\": \"datetime\", \"name\": \"t\"}]")).inputs());

    private static List<Column> read(String data) throws NotJson {
        return ROWS.read(Json.read(data), Source.PROGRAM);
    }

    @Test
    void numbersAreArraysOfTheirOwnType() throws NotJson {
        var columns = read("[{\"x\": 1, \"n\": 9007199254740993, \"t\": \"1970-01-01T00:00:01.5+01:00\"}, {\"x\": null, \"t\": null}]");
        assertArrayEquals(new double[] {1, Double.NaN}, (double[]) columns.get(0).values());
        assertArrayEquals(new long[] {9007199254740993L, 0}, (long[]) columns.get(1).values());
        assertEquals(1, columns.get(1).missing().nextSetBit(0));
        assertEquals("Int64", columns.get(1).dtype());
        assertEquals("1969-12-31T23:00:01.500000", columns.get(2).at(0).toString());
    }

    @Test
    void everythingThatIsWrongIsTold() {
        var error = assertThrows(MlmodelException.class, () -> read("[{\"x\": \"5\", \"n\": 1.5}, {\"x\": true, \"n\": 2}]"));
        assertEquals(List.of(
            new Detail("ENF-049", "x", 0, "double", "'5'"),
            new Detail("ENF-042", "n", 0, "long", "1.5"),
            new Detail("ENF-004", "t", 0, "datetime", "no such key")), error.details());
        assertTrue(error.getMessage().contains("column x, row 0: expected double, got '5' (ENF-049)"), error.getMessage());
    }

    @Test
    void aNameInOtherLettersIsTold() {
        var error = assertThrows(MlmodelException.class, () -> read("{\"X\": [1], \"t\": [null]}"));
        assertEquals("2 inputs; is 'X' meant?", error.details().get(0).got());
    }

    @Test
    void valuesAreCutAndNumbersOfAnyLengthAreJudged() {
        var long1 = "1".repeat(5000);
        var error = assertThrows(MlmodelException.class, () -> read("{\"x\": " + long1 + ", \"n\": " + long1 + ", \"t\": 5}"));
        assertEquals(List.of("ENF-045", "ENF-043", "ENF-055"), error.details().stream().map(Detail::rule).toList());
        assertEquals("1".repeat(59) + "…", error.details().get(0).got());
    }
}
