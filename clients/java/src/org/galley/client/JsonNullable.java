package org.galley.client;

import com.fasterxml.jackson.databind.annotation.JsonDeserialize;
import com.fasterxml.jackson.databind.annotation.JsonSerialize;
import java.util.NoSuchElementException;
import java.util.Objects;

/**
 * A member of a document that can be absent, {@code null}, or a value; merge patches (RFC 7396) tell these apart.
 *
 * @param <T> what the member holds
 */
@JsonSerialize(using = JsonNullableSerializer.class)
@JsonDeserialize(using = JsonNullableDeserializer.class)
public final class JsonNullable<T> {
    private static final JsonNullable<?> UNDEFINED = new JsonNullable<>(null, false);

    private final T value;
    private final boolean present;

    private JsonNullable(T value, boolean present) {
        this.value = value;
        this.present = present;
    }

    /**
     * Leaves a member out.
     *
     * @param <T> what the member would hold
     * @return the absent member
     */
    @SuppressWarnings("unchecked") // It holds no value, so it is one for every type.
    public static <T> JsonNullable<T> undefined() {
        return (JsonNullable<T>) UNDEFINED;
    }

    /**
     * Gives a member a value, or clears it.
     *
     * @param <T> what the member holds
     * @param value the value, {@code null} included
     * @return the member
     */
    public static <T> JsonNullable<T> of(T value) {
        return new JsonNullable<>(value, true);
    }

    /**
     * Tells whether the member is there, {@code null} included.
     *
     * @return whether it is
     */
    public boolean isPresent() {
        return present;
    }

    /**
     * Returns the value.
     *
     * @return the value, which may be {@code null}
     * @throws NoSuchElementException when the member is absent
     */
    public T get() {
        if (!present) {
            throw new NoSuchElementException("The member is absent.");
        }
        return value;
    }

    /**
     * Returns the value, or another one when the member is absent.
     *
     * @param other what to return instead
     * @return the value, which may be {@code null}
     */
    public T orElse(T other) {
        return present ? value : other;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof JsonNullable
                && present == ((JsonNullable<?>) other).present
                && Objects.equals(value, ((JsonNullable<?>) other).value);
    }

    @Override
    public int hashCode() {
        return Objects.hash(value, present);
    }

    @Override
    public String toString() {
        return present ? String.valueOf(value) : "absent";
    }
}
