package org.w3id.mlmodel.enforcement;

import java.util.List;
import java.util.function.IntFunction;

/**
 * Columns that are given, before it is known what is declared of them.
 *
 * @param names their names, texts or numbers; null if they have none
 * @param width how many there are
 * @param rows how many rows each has
 * @param column the cells of the column at a position
 */
public record Table(List<?> names, int width, int rows, IntFunction<Cells> column) {}
