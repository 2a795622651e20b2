package org.galley.client;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.BeanProperty;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.JavaType;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.deser.ContextualDeserializer;
import java.io.IOException;

/** Reads a member as what it holds; {@code null} makes it present and empty. */
final class JsonNullableDeserializer extends JsonDeserializer<JsonNullable<?>> implements ContextualDeserializer {
    private final JavaType held;

    /** Jackson asks this one which deserializer fits the member. */
    JsonNullableDeserializer() {
        this(null);
    }

    private JsonNullableDeserializer(JavaType held) {
        this.held = held;
    }

    @Override
    public JsonDeserializer<?> createContextual(DeserializationContext context, BeanProperty property) {
        return new JsonNullableDeserializer(context.getContextualType().containedTypeOrUnknown(0));
    }

    @Override
    public JsonNullable<?> deserialize(JsonParser json, DeserializationContext context) throws IOException {
        return JsonNullable.of(context.readValue(json, held));
    }

    @Override
    public JsonNullable<?> getNullValue(DeserializationContext context) {
        return JsonNullable.of(null);
    }

    @Override
    public JsonNullable<?> getAbsentValue(DeserializationContext context) {
        return JsonNullable.undefined();
    }
}
