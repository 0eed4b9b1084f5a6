package org.w3id.mlmodel.document;

import java.io.ByteArrayOutputStream;
import java.util.Base64;

/** The bytes of YAML's {@code !!binary}: base64 in which other characters are passed over. */
final class Base64Text {
    private static final String DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    private static final int GROUP = 4;

    private Base64Text() {}

    static byte[] decode(String text) throws Scalars.Unreadable {
        if (!text.chars().allMatch(one -> one < 0x80)) throw new Scalars.Unreadable("it is not base64");
        var kept = new ByteArrayOutputStream(text.length());
        int pads = 0;
        for (int at = 0; at < text.length(); at++) {
            char one = text.charAt(at);
            if (one == '=') {
                int inGroup = kept.size() % GROUP;
                pads += 1;
                if (inGroup >= 2 && inGroup + pads >= GROUP) return Base64.getDecoder().decode(kept.toByteArray());
            } else if (DIGITS.indexOf(one) >= 0) {
                pads = 0;
                kept.write(one);
            }
        }
        if (kept.size() % GROUP != 0) throw new Scalars.Unreadable("its base64 is not whole");
        return Base64.getDecoder().decode(kept.toByteArray());
    }
}
