package org.w3id.mlmodel;

/** The version of this project, which is that of the packages for Python and R, too. */
public final class Version {
    public static final String OF_PROJECT = "0.1.0";

    private Version() {}
}
