package org.w3id.mlmodel.document;

/** The JSON texts under {@code signature}, as they are written; null where there is none (SIG-001). */
public record SignatureTexts(String inputs, String outputs, String params) {}
