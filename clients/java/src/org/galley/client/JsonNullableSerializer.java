package org.galley.client;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.SerializerProvider;
import java.io.IOException;

/** Writes the value or {@code null}; what is absent counts as empty, and empty members are left out. */
final class JsonNullableSerializer extends JsonSerializer<JsonNullable<?>> {
    @Override
    public void serialize(JsonNullable<?> member, JsonGenerator json, SerializerProvider provider) throws IOException {
        provider.defaultSerializeValue(member.orElse(null), json);
    }

    @Override
    public boolean isEmpty(SerializerProvider provider, JsonNullable<?> member) {
        return !member.isPresent();
    }
}
